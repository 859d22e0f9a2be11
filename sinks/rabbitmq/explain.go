package rabbitmq

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"
)

// fixes say what to do about what a broker refuses.
var fixes = map[int]string{
	amqp.AccessRefused:      "see user and password in url, and grant the user write on the exchange (rabbitmqctl set_permissions)",
	amqp.NotFound:           "create the exchange, or correct exchange",
	amqp.NotAllowed:         "see the vhost in url, and whether the user may use it",
	amqp.PreconditionFailed: "what is configured and what the broker has differ",
	amqp.ConnectionForced:   "the broker is shutting down or an operator closed the connection",
}

// explain adds to an error of the broker what to do about it.
func explain(err error) error {
	var e *amqp.Error
	if errors.As(err, &e) {
		if fix, ok := fixes[e.Code]; ok {
			return fmt.Errorf("%w: %s", err, fix)
		}
	}
	return err
}

var tooLarge = regexp.MustCompile(`message size \d+ is larger than configured max size (\d+)`)

// sizeLimit reads the largest message out of the error by which the broker
// closes a channel over a larger one. It announces the limit nowhere else.
func sizeLimit(err error) (limit int, ok bool) {
	var e *amqp.Error
	if !errors.As(err, &e) || e.Code != amqp.PreconditionFailed {
		return 0, false
	}
	match := tooLarge.FindStringSubmatch(e.Reason)
	if match == nil {
		return 0, false
	}
	limit, err = strconv.Atoi(match[1])
	return limit, err == nil && limit > 0
}
