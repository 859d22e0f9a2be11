package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// adminClient asks a host's admin listener.
type adminClient struct{ base string }

func (c *adminClient) register(f *pflag.FlagSet) {
	f.StringVar(&c.base, "admin", "http://127.0.0.1:8082", "base URL of the host's admin listener; a token comes from WEIR_ADMIN_TOKEN")
}

// get decodes the JSON that a path answers with.
func (c *adminClient) get(ctx context.Context, path string, query url.Values, into any) error {
	body, err := c.open(ctx, path, query)
	if err != nil {
		return err
	}
	return decode(path, body, into)
}

// open asks for a path and returns the body of the answer.
func (c *adminClient) open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.do(ctx, http.MethodGet, path, "", nil)
}

// post sends JSON and decodes the answer.
func (c *adminClient) post(ctx context.Context, path string, message, into any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	body, err := c.do(ctx, http.MethodPost, path, "application/json", text)
	if err != nil {
		return err
	}
	return decode(path, body, into)
}

// send sends lines of JSON and decodes the answer.
func (c *adminClient) send(ctx context.Context, path string, query url.Values, lines []byte, into any) error {
	body, err := c.do(ctx, http.MethodPost, path+"?"+query.Encode(), "application/x-ndjson", lines)
	if err != nil {
		return err
	}
	return decode(path, body, into)
}

func (c *adminClient) do(ctx context.Context, method, path, contentType string, message []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base, "/")+path, bytes.NewReader(message))
	if err != nil {
		return nil, usageError{fmt.Errorf("reading --admin: %w", err)}
	}
	if message != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if token := os.Getenv("WEIR_ADMIN_TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the host (is weir host or weir dev running? --admin says where): %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return nil, fmt.Errorf("asking the host for %s: %s: %s", path, resp.Status, clean(strings.TrimSpace(string(why))))
	}
	return resp.Body, nil
}

func decode(path string, body io.ReadCloser, into any) error {
	defer body.Close()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("reading the host's answer to %s: %w", path, err)
	}
	return nil
}
