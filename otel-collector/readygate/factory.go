package readygate

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

const stability = component.StabilityLevelBeta

var componentType = component.MustNewType("ready_gate")

// Config is empty: a gate needs no settings but its name among the middlewares of the servers that it keeps.
type Config struct{}

// NewFactory creates the factory of the gate.
func NewFactory() extension.Factory {
	return extension.NewFactory(componentType, createDefaultConfig, create, stability)
}

func createDefaultConfig() component.Config { return &Config{} }

func create(_ context.Context, set extension.Settings, _ component.Config) (extension.Extension, error) {
	return &gate{logger: set.Logger}, nil
}
