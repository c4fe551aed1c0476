package rabbitmqexporter

import (
	"context"
	"crypto/tls"

	"go.opentelemetry.io/collector/config/configtls"
)

// loadTLS gives nil for amqp://. The broker's certificate must name host, unless tls::server_name_override says otherwise.
func (c *Config) loadTLS(ctx context.Context, host string) (*tls.Config, error) {
	if !c.secure() {
		return nil, nil
	}
	settings := configtls.NewDefaultClientConfig()
	if c.TLS.HasValue() {
		settings = *c.TLS.Get()
	}
	config, err := settings.LoadTLSConfig(ctx)
	if err != nil {
		return nil, err
	}
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	return config, nil
}
