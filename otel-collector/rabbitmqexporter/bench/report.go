package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// report is the result file.
type report struct {
	What     string  `json:"what"`
	Machine  machine `json:"machine"`
	Rounds   int     `json:"rounds"`
	Seconds  float64 `json:"seconds_a_round"`
	Settings setting `json:"settings"`
	Messages sizes   `json:"messages"`
	Bare     figures `json:"bare"`
	Exporter figures `json:"exporter"`
	// Ratio is the exporter's median over the bare loop's; Ratios are those of the rounds.
	Ratio  float64   `json:"ratio_exporter_to_bare"`
	Ratios []float64 `json:"ratios"`
}

type machine struct {
	Time      string            `json:"time"`
	Processor string            `json:"processor"`
	Cores     int               `json:"cores"`
	Load      string            `json:"load_averages"`
	System    string            `json:"system"`
	Go        string            `json:"go"`
	Broker    string            `json:"broker"`
	Packages  map[string]string `json:"packages"`
}

type setting struct {
	SpansPerBatch int    `json:"spans_per_batch"`
	Consumers     int    `json:"consumers"`
	Shards        int    `json:"shards"`
	Compression   string `json:"compression"`
}

// sizes are those of message bodies, after compression.
type sizes struct {
	PerBatch     float64 `json:"per_batch"`
	MinBytes     int     `json:"min_bytes"`
	MedianBytes  int     `json:"median_bytes"`
	MaxBytes     int     `json:"max_bytes"`
	BytesPerSpan float64 `json:"bytes_per_span"`
}

// figures are those of one side. The processor time is the client's: the broker's is the same for both sides.
type figures struct {
	PerSecond summary `json:"spans_per_second"`
	CPUMicros summary `json:"client_cpu_us_per_span"`
}

type summary struct {
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Each   []float64 `json:"each"`
}

func (b *bench) report(found map[string][]rate) *report {
	bare, exporter := figuresOf(found["bare"]), figuresOf(found["exporter"])
	r := &report{
		What:    "spans per second to confirmed by sixteen quorum queues: the exporter, and a bare loop over the AMQP client publishing the same messages",
		Machine: b.machine(), Rounds: b.options.rounds, Seconds: b.options.seconds,
		Settings: setting{b.options.spans, b.options.consumers, shards, b.options.compression},
		Messages: b.sizes(), Bare: bare, Exporter: exporter, Ratio: rounded(exporter.PerSecond.Median/bare.PerSecond.Median, 3),
	}
	for i, each := range bare.PerSecond.Each {
		r.Ratios = append(r.Ratios, rounded(exporter.PerSecond.Each[i]/each, 3))
	}
	return r
}

func figuresOf(rates []rate) (f figures) {
	var perSecond, cpu []float64
	for _, r := range rates {
		perSecond = append(perSecond, rounded(r.perSecond, 0))
		cpu = append(cpu, rounded(r.cpuMicros, 3))
	}
	return figures{PerSecond: summarize(perSecond), CPUMicros: summarize(cpu)}
}

func rounded(value float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(value*scale) / scale
}

func summarize(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	return summary{Median: median(sorted), Min: sorted[0], Max: sorted[len(sorted)-1], Each: values}
}

func median(sorted []float64) float64 {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func (b *bench) sizes() sizes {
	var all []int
	total := 0
	for _, messages := range b.messages {
		for _, message := range messages {
			all = append(all, len(message.Body))
			total += len(message.Body)
		}
	}
	slices.Sort(all)
	return sizes{
		PerBatch: float64(len(all)) / float64(len(b.messages)), MinBytes: all[0], MedianBytes: all[len(all)/2], MaxBytes: all[len(all)-1],
		BytesPerSpan: rounded(float64(total)/float64(len(b.messages)*b.options.spans), 1),
	}
}

func (b *bench) machine() machine {
	product, _ := b.topology.connection.Properties["product"].(string)
	version, _ := b.topology.connection.Properties["version"].(string)
	return machine{
		Time: time.Now().UTC().Format(time.RFC3339), Processor: processor(), Cores: runtime.NumCPU(), Load: load(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Broker: product + " " + version, Packages: packages(),
	}
}

// processor is the model's name where the system tells it, which Linux does.
func processor() string {
	description, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(description)) {
		if name, found := strings.CutPrefix(line, "model name"); found {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return "unknown"
}

// load is how busy the machine was in the last 1, 5 and 15 minutes, this run included: on a busy one the figures mean little.
func load() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(averages))[:3], " ")
}

func packages() map[string]string {
	measured := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return measured
	}
	for _, dependency := range info.Deps {
		switch dependency.Path {
		case "github.com/rabbitmq/amqp091-go", "go.opentelemetry.io/collector/exporter", "go.opentelemetry.io/collector/exporter/exporterhelper",
			"go.opentelemetry.io/collector/pdata", "github.com/klauspost/compress":
			measured[dependency.Path] = dependency.Version
		}
	}
	return measured
}
