// Command bench measures what the exporter costs above bare publishing.
//
// In one run, on one broker, with sixteen quorum queues and publisher confirms, it alternates between a bare loop over the AMQP
// client that publishes ready-made messages, and the exporter, which gets batches of spans and splits, encodes, queues and
// publishes the very same messages. It writes spans per second of both, round by round, and their ratio, as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"hallmark.internal/rabbitmqexporter/internal/sample"
)

// differentBatches is how many batches the rounds repeat, so that neither side lives off one batch in the cache.
const differentBatches = 16

type options struct {
	url         string
	out         string
	rounds      int
	seconds     float64
	spans       int
	consumers   int
	compression string
}

func main() {
	if err := run(parse()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse() (o options) {
	flag.StringVar(&o.url, "url", os.Getenv("HALLMARK_TEST_AMQP_URL"), "broker to load, amqp://user:password@host:port/vhost; default from HALLMARK_TEST_AMQP_URL")
	flag.StringVar(&o.out, "out", "", "file for the result; standard output if empty")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each side")
	flag.Float64Var(&o.seconds, "seconds", 5, "duration of a round, in seconds")
	flag.IntVar(&o.spans, "spans", 1024, "spans in a batch")
	flag.IntVar(&o.consumers, "consumers", 10, "pushes at once: the exporter's num_consumers, the bare loop's channels")
	flag.StringVar(&o.compression, "compression", "none", "none, gzip or zstd")
	flag.Parse()
	return o
}

func run(o options) error {
	if o.url == "" {
		return fmt.Errorf("no broker: give -url or set HALLMARK_TEST_AMQP_URL")
	}
	bench, err := prepare(o)
	if err != nil {
		return err
	}
	defer bench.topology.remove()
	result, err := bench.measure()
	if err != nil {
		return err
	}
	return write(o.out, result)
}

// bench is everything a round needs.
type bench struct {
	options  options
	topology *topology
	batches  []ptrace.Traces
	messages []batch
}

func prepare(o options) (*bench, error) {
	topology, err := declare(o.url)
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, topology: topology}
	random := rand.New(rand.NewPCG(1, 2))
	for range differentBatches {
		b.batches = append(b.batches, sample.Traces(random, o.spans))
	}
	if b.messages, err = b.record(); err != nil {
		topology.remove()
		return nil, err
	}
	return b, nil
}

// measure runs both sides in turn, the first of a round being the second of the next. One short round each comes before.
func (b *bench) measure() (*report, error) {
	sides := []side{{"bare", b.bareRound}, {"exporter", b.exporterRound}}
	found := map[string][]rate{}
	for round := -1; round < b.options.rounds; round++ {
		duration := time.Duration(b.options.seconds * float64(time.Second))
		if round < 0 {
			duration = min(duration, time.Second)
		}
		for i := range sides {
			s := sides[(i+round+2)%2]
			r, err := b.round(s, duration)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if round >= 0 {
				found[s.name] = append(found[s.name], r)
				fmt.Fprintf(os.Stderr, "round %d, %s: %.0f spans/s, %.2f us of processor a span\n", round+1, s.name, r.perSecond, r.cpuMicros)
			}
		}
	}
	return b.report(found), nil
}

type side struct {
	name string
	run  func(time.Duration) (spans int, err error)
}

// rate is what a round found: spans per second, and this process's processor time per span.
type rate struct{ perSecond, cpuMicros float64 }

// round times a side from its first publish to its last confirm.
func (b *bench) round(s side, duration time.Duration) (rate, error) {
	if err := b.topology.purge(); err != nil {
		return rate{}, err
	}
	began, used := time.Now(), processorTime()
	spans, err := s.run(duration)
	used = processorTime() - used
	return rate{float64(spans) / time.Since(began).Seconds(), float64(used.Microseconds()) / float64(spans)}, err
}

// processorTime is what this process has used so far, its kernel time included.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func write(path string, result *report) error {
	encoded, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	encoded = append(encoded, '\n')
	if path == "" {
		_, err = os.Stdout.Write(encoded)
		return err
	}
	return os.WriteFile(path, encoded, 0o644)
}
