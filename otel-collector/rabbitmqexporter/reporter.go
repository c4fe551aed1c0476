package rabbitmqexporter

import (
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// reporter tells people and machines about the link: one log line when it is lost and one when it is back, however many attempts
// lie between. A new line is due where the kind of trouble changes, say from an unreachable broker to a refused password.
type reporter struct {
	logger    *zap.Logger
	telemetry *telemetry
	host      component.Host
	broker    zap.Field
	trouble   int
}

const (
	noTrouble      = -1
	networkTrouble = 0 // else the AMQP reply code
)

func newReporter(logger *zap.Logger, telemetry *telemetry, host component.Host, hostPort string) *reporter {
	telemetry.connected(false)
	telemetry.blocked(false)
	return &reporter{logger: logger, telemetry: telemetry, host: host, broker: zap.String("broker", hostPort), trouble: noTrouble}
}

func (r *reporter) Connected(again bool) {
	r.trouble = noTrouble
	r.telemetry.connected(true)
	if again {
		r.telemetry.reconnected()
		r.logger.Info("Connection to the broker regained.", r.broker)
	} else {
		r.logger.Info("Connected to the broker.", r.broker)
	}
	componentstatus.ReportStatus(r.host, componentstatus.NewEvent(componentstatus.StatusOK))
}

func (r *reporter) Failed(err error) {
	kind := troubleOf(err)
	if kind == r.trouble {
		r.logger.Debug("Still cannot connect to the broker.", r.broker, zap.Error(err))
		return
	}
	first := r.trouble == noTrouble
	r.trouble = kind
	if first || kind != networkTrouble {
		r.logger.Warn("Cannot connect to the broker; trying again until it works.", r.broker, zap.Error(err))
	}
	componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(err))
}

func (r *reporter) Disconnected(err error) {
	r.trouble = networkTrouble
	r.telemetry.connected(false)
	r.telemetry.blocked(false)
	r.logger.Warn("Connection to the broker lost; connecting again until it works.", r.broker, zap.Error(err))
	componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(err))
}

func (r *reporter) Blocked(reason string) {
	r.telemetry.blocked(reason != "")
	if reason == "" {
		r.logger.Info("The broker accepts messages again.", r.broker)
		componentstatus.ReportStatus(r.host, componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	r.logger.Warn("The broker has blocked publishing; waiting for it to resume.", r.broker, zap.String("reason", reason))
	componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(errors.New("blocked by the broker: "+reason)))
}

// troubleOf tells refusals from the network's failures, which the client library reports as frame errors once it has connected.
func troubleOf(err error) int {
	var refusal *amqp.Error
	if errors.As(err, &refusal) && refusal.Code != amqp.FrameError {
		return refusal.Code
	}
	return networkTrouble
}
