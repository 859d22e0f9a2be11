package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func tailCommand() *cobra.Command {
	var host adminClient
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print events as the host stores them, the last 200 first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := host.open(cmd.Context(), "/api/tail", nil)
			if err != nil {
				return err
			}
			defer body.Close()
			err = readEvents(body, func(envelope []byte) {
				line := eventLine(envelope)
				if asJSON {
					line = string(envelope)
				}
				fmt.Fprintln(cmd.OutOrStdout(), line)
			})
			if cmd.Context().Err() != nil {
				return nil // asked to stop
			}
			return err
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print envelopes, one a line")
	return cmd
}

// readEvents calls use with the data of each "envelope" event of a stream of
// Server-Sent Events (HTML Living Standard, section 9.2), until it ends.
func readEvents(stream io.Reader, use func(data []byte)) error {
	lines := bufio.NewReader(stream)
	var name, data string
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return errors.New("the host ended the stream")
		}
		if err != nil {
			return fmt.Errorf("reading the host's events: %w", err)
		}
		line = strings.TrimRight(line, "\r\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event":
			name = value
		case field == "data" && data == "":
			data = value
		case field == "data":
			data += "\n" + value
		case line == "": // ends the event
			if name == "envelope" && data != "" {
				use([]byte(data))
			}
			name, data = "", ""
		}
	}
}
