package refresh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"weir/edge/signature"
)

// What is read of an answer at most, in bytes. A bundle of four thousand schemas takes 2 MiB.
const (
	maxBundle = 16 << 20
	maxSalts  = 64 << 10
)

// answer is what a host says: 200 with a body, 304, or 404 where it has nothing of the kind.
type answer struct {
	host   string
	status int
	tag    string
	body   []byte
}

// ask returns the answer of the first host that has one.
func (r *Refresher) ask(ctx context.Context, what, tag string) (answer, error) {
	var faults []error
	for _, host := range r.cfg.Hosts {
		a, err := r.askOne(ctx, host, what, tag)
		if err == nil {
			return a, nil
		}
		faults = append(faults, fmt.Errorf("%s: %w", host, err))
		if ctx.Err() != nil {
			break
		}
	}
	return answer{}, errors.Join(faults...)
}

func (r *Refresher) askOne(ctx context.Context, host, what, tag string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(host, "/")+"/v1/edge/"+what, nil)
	if err != nil {
		return answer{}, err
	}
	id, now := nonce(what), r.cfg.Now().Unix()
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now, 10))
	req.Header.Set("webhook-signature", signature.Sign(r.cfg.Secret, id, now, nil))
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the host is named beside it
		}
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{host: host, status: resp.StatusCode, tag: resp.Header.Get("ETag")}
	switch a.status {
	case http.StatusOK:
		limit := int64(maxBundle)
		if what == "salts" {
			limit = maxSalts
		}
		a.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
		if err == nil && int64(len(a.body)) > limit {
			err = fmt.Errorf("the answer exceeds %d bytes", limit)
		}
		if err != nil {
			return answer{}, fmt.Errorf("reading the answer: %w", err)
		}
		return a, nil
	case http.StatusNotModified, http.StatusNotFound:
		return a, nil
	case http.StatusUnauthorized:
		return answer{}, errors.New("answered 401 (is WEIR_SECRET the host's? are the clocks right?)")
	}
	return answer{}, fmt.Errorf("answered %d", a.status)
}
