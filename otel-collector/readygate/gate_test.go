package readygate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// newGate is a started gate as the collector makes it, and what it logs.
func newGate(t *testing.T) (*gate, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	set := extensiontest.NewNopSettings(componentType)
	set.Logger = zap.New(core)
	factory := NewFactory()
	made, err := factory.Create(t.Context(), set, factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, made.Shutdown(t.Context())) })
	return made.(*gate), logs
}

func TestTheConfigurationIsWellFormed(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(NewFactory().CreateDefaultConfig()))
	assert.Equal(t, "ready_gate", NewFactory().Type().String())
}

func TestAGateSaysWhatItRefusedUntilItOpened(t *testing.T) {
	g, logs := newGate(t)
	assert.False(t, g.passes())
	assert.False(t, g.passes())

	require.NoError(t, g.Ready())
	assert.True(t, g.passes())

	require.Equal(t, 1, logs.Len())
	assert.Equal(t, map[string]any{"refused_before": int64(2)}, logs.All()[0].ContextMap())
}

// TestAStartThatFails: the service says NotReady without ever having said Ready.
func TestAStartThatFails(t *testing.T) {
	g, _ := newGate(t)
	require.NoError(t, g.NotReady())
	assert.False(t, g.passes())
}

// TestTwoGatesAreTwo: a collector that reads its configuration anew makes its extensions anew.
func TestTwoGatesAreTwo(t *testing.T) {
	before, _ := newGate(t)
	require.NoError(t, before.Ready())
	after, _ := newGate(t)
	assert.False(t, after.passes())
}
