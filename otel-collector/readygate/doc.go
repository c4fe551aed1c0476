// Package readygate is an OpenTelemetry collector extension that keeps servers of receivers shut until every component of every
// pipeline has started, and from the moment that they are about to be stopped.
//
// A receiver that is in several pipelines is one server, started with the first of them; what arrives then can reach exporters of
// the others that have not started yet.
package readygate
