package rabbitmqexporter

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a test waits for what should take a moment.
const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
