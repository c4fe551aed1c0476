package rabbitmqexporter

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"hallmark.internal/rabbitmqexporter/internal/broker"
)

// firstColumn gives what is marked as code in the first column of the table below a heading of the README.
func firstColumn(t *testing.T, heading string) (names []string) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(section, -1) {
		for _, code := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			names = append(names, code[1])
		}
	}
	return names
}

func TestTheReadmeHasEverySetting(t *testing.T) {
	config := confmap.New()
	require.NoError(t, config.Marshal(createDefaultConfig()))
	var told []string
	for _, key := range firstColumn(t, "Settings") {
		key, _, _ = strings.Cut(key, "::")
		told = append(told, key)
	}

	for key := range config.ToStringMap() {
		assert.Contains(t, told, key)
	}
	for _, key := range told {
		assert.Contains(t, config.ToStringMap(), key)
	}
}

func TestTheReadmeHasEveryMetric(t *testing.T) {
	var told []string
	for _, name := range firstColumn(t, "Metrics") {
		if ending, short := strings.CutPrefix(name, "…"); short {
			last := told[len(told)-1]
			name = last[:strings.LastIndex(last, "_")] + ending
		}
		told = append(told, name)
	}

	made := madeMetrics(t)
	slices.Sort(told)
	slices.Sort(made)
	assert.Equal(t, made, told)
}

// madeMetrics has every metric recorded, and gives their names.
func madeMetrics(t *testing.T) (names []string) {
	t.Helper()
	set := componenttest.NewTelemetry()
	settings := exportertest.NewNopSettings(componentType)
	settings.TelemetrySettings = set.NewTelemetrySettings()
	telemetry, err := newTelemetry(settings, "traces")
	require.NoError(t, err)
	verdicts := []error{nil, &broker.Failure{Reason: broker.Returned}, &broker.Failure{Reason: broker.Nacked}}
	telemetry.published(t.Context(), make([]broker.Message, len(verdicts)), verdicts, 0)
	telemetry.connected(true)
	telemetry.blocked(false)
	telemetry.reconnected()
	var found metricdata.ResourceMetrics
	require.NoError(t, set.Reader.Collect(t.Context(), &found))
	for _, scope := range found.ScopeMetrics {
		for _, metric := range scope.Metrics {
			names = append(names, metric.Name)
		}
	}
	return names
}
