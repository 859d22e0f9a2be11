package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/sinks"
)

// Check connects beside the sink, looks for the exchange, and asks whether it
// may publish there: it publishes a message in a transaction that it rolls back,
// with weir-check in place of the placeholders.
func (s *Sink) Check(ctx context.Context) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.hangUp()
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	defer c.cutOff(ctx)()
	return errors.Join(s.checkExchange(c), s.checkQueue(c))
}

func (s *Sink) checkExchange(c *connection) error {
	if s.config.Exchange != "" {
		if err := c.channel.ExchangeDeclarePassive(s.config.Exchange, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
			return fmt.Errorf("looking for exchange %q: %w", s.config.Exchange, explain(err))
		}
	}
	if err := c.channel.Tx(); err != nil {
		return fmt.Errorf("asking to publish: %w", explain(err))
	}
	stand := sinks.Event{App: "weir-check", Name: "weir-check", Schema: "iglu:weir-check/", Verdict: "good"}
	err := c.channel.Publish(s.config.Exchange, s.routingKey(&stand), false, false, amqp.Publishing{})
	if err == nil {
		err = c.channel.TxRollback()
	}
	if err != nil {
		return fmt.Errorf("publishing to exchange %q: %w", s.config.Exchange, explain(err))
	}
	return nil
}

// checkQueue looks at the queue if there is one; that it can be made shows when it is.
func (s *Sink) checkQueue(c *connection) error {
	if s.config.Queue == "" {
		return nil
	}
	channel, err := c.conn.Channel() // the other may be closed, and is in a transaction
	if err != nil {
		return fmt.Errorf("looking for queue %q: %w", s.config.Queue, explain(err))
	}
	_, err = channel.QueueDeclarePassive(s.config.Queue, true, false, false, false, amqp.Table{amqp.QueueTypeArg: s.config.QueueType})
	var e *amqp.Error
	if err != nil && !(errors.As(err, &e) && e.Code == amqp.NotFound) {
		return fmt.Errorf("looking for queue %q: %w", s.config.Queue, explain(err))
	}
	return nil
}
