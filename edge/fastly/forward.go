package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"weir/edge/signature"
	"weir/schemas/scan"
)

const (
	// path is where a host takes batches; the signature does not cover it, so it is fixed.
	path = "/v1/batches"
	// tryTimeout bounds one host, deadline all of them together: a tracker that
	// gives up after 5 s hears of it.
	tryTimeout = 2 * time.Second
	deadline   = 4 * time.Second
	// maxReceipt bounds what is read of a host's answer, in bytes.
	maxReceipt = 64 << 10
)

// forwarder delivers batches to the first host that takes them.
type forwarder struct {
	// hosts are base URLs in order of preference. The first is reached through
	// the backend host1, the second through host2, and so on; the URL gives the
	// Host header.
	hosts  []string
	secret []byte
	send   func(context.Context, *fsthttp.Request, string) (*fsthttp.Response, error)
}

func send(ctx context.Context, r *fsthttp.Request, backend string) (*fsthttp.Response, error) {
	return r.Send(ctx, backend)
}

// parseHosts splits a comma-separated list of base URLs.
func parseHosts(list string) (hosts []string, err error) {
	for host := range strings.SplitSeq(list, ",") {
		host = strings.TrimSuffix(strings.TrimSpace(host), "/")
		if host == "" {
			continue
		}
		_, rest, ok := strings.Cut(host, "://")
		if !ok || rest == "" || !strings.HasPrefix(host, "http") || strings.ContainsAny(rest, "@?# ") {
			return nil, errors.New(strconv.Quote(host) + " is not a base URL such as https://host.example")
		}
		hosts = append(hosts, host)
	}
	if len(hosts) == 0 {
		return nil, errors.New("must be the base URLs of one or more hosts, separated by commas")
	}
	return hosts, nil
}

// deliver returns nil once a host has confirmed that it holds the batch. The
// error says of each host why it did not.
func (f *forwarder) deliver(ctx context.Context, id string, batch []byte, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signed := signature.Sign(f.secret, id, now.Unix(), batch)
	failed := "batch " + id + ": no host took it"
	for n, host := range f.hosts {
		backend := "host" + strconv.Itoa(n+1)
		err := f.post(ctx, backend, host, id, timestamp, signed, batch)
		if err == nil {
			return nil
		}
		failed += "; " + backend + ": " + err.Error()
		if ctx.Err() != nil {
			break
		}
	}
	return errors.New(failed)
}

func (f *forwarder) post(ctx context.Context, backend, host, id, timestamp, signed string, batch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	r, err := fsthttp.NewRequest(fsthttp.MethodPost, host+path, bytes.NewReader(batch))
	if err != nil {
		return err
	}
	r.CacheOptions.Pass = true
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", timestamp)
	r.Header.Set("webhook-signature", signed)
	resp, err := f.send(ctx, r, backend)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	receipt, err := io.ReadAll(io.LimitReader(resp.Body, maxReceipt))
	if err != nil {
		return errors.New("reading the answer: " + err.Error())
	}
	if resp.StatusCode != fsthttp.StatusOK {
		return errors.New("answered " + strconv.Itoa(resp.StatusCode))
	}
	// Anything can answer 200: only a host knows which batch it took.
	if !names(receipt, id) {
		return errors.New("answered 200 without naming the batch: is this a weir host?")
	}
	return nil
}

// names reports whether a receipt is JSON whose member batch is id.
func names(receipt []byte, id string) bool {
	s := scan.New(receipt)
	var key, value scan.Text
	named := false
	for s.Object(); s.Member(&key); {
		if key.Is("batch") && s.Kind() == scan.String && s.String(&value) {
			named = value.Is(id)
		} else {
			s.Skip()
		}
	}
	return s.End() && named
}
