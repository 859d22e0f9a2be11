package clickhouse

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"weir/sinks"
)

// promised are the settings that the sink's promise rests upon, whatever the
// user's profile says: an answer when the rows are stored, and no row passed over.
var promised = map[string]string{
	"async_insert":                     "0",
	"wait_for_async_insert":            "1",
	"insert_distributed_sync":          "1",
	"insert_deduplicate":               "1",
	"input_format_allow_errors_num":    "0",
	"input_format_allow_errors_ratio":  "0",
	"materialized_views_ignore_errors": "0",
	"date_time_input_format":           "basic",
}

const tokenSetting = "insert_deduplication_token"

// frontSettings are parameters of the HTTP interface.
var frontSettings = map[string]bool{"query": true, "database": true, "user": true, "password": true, "wait_end_of_query": true, "default_format": true}

// server is the HTTP interface.
type server struct {
	client      *http.Client
	url         string
	user        string
	password    sinks.Secret
	certificate bool // which tells who the user is, in place of a password
	compression string
	encoder     *zstd.Encoder
	settings    map[string]string // of each insert
}

func dial(c Config) (*server, error) {
	files, err := c.TLS.load()
	if err != nil {
		return nil, err
	}
	s := &server{
		url: c.URL, user: c.User, password: c.Password, certificate: c.TLS.Cert != "" && c.Password == "", compression: c.Compression, settings: map[string]string{},
		client: &http.Client{
			Timeout: c.Timeout,
			Transport: &http.Transport{
				DialContext:     (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
				TLSClientConfig: files, TLSHandshakeTimeout: 10 * time.Second,
				IdleConnTimeout: 3 * time.Second, // less than the server's
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for _, settings := range []map[string]string{c.Settings, promised} {
		for name, value := range settings {
			s.settings[name] = value
		}
	}
	if c.Compression == "zstd" {
		if s.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
			return nil, fmt.Errorf("preparing zstd: %w", err)
		}
	}
	return s, nil
}

func (s *server) close() { s.client.CloseIdleConnections() }

// insert stores lines. The server answers when they are stored.
func (s *server) insert(ctx context.Context, t table, lines []byte, token string) error {
	body, err := s.pack(lines)
	if err != nil {
		return err
	}
	parameters := s.parameters(s.settings)
	parameters.Set(tokenSetting, token)
	parameters.Set("query", t.insert())
	answer, err := s.post(ctx, parameters, body, s.compression)
	if err != nil {
		return err
	}
	if len(answer) > 0 { // an exception after the header went out
		return parseException(answer, http.StatusOK, "")
	}
	return nil
}

// pack returns memory of its own: the client may still be sending when it has
// an answer.
func (s *server) pack(lines []byte) ([]byte, error) {
	switch s.compression {
	case "zstd":
		return s.encoder.EncodeAll(lines, nil), nil
	case "gzip":
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(lines)
		if err = errors.Join(err, w.Close()); err != nil {
			return nil, fmt.Errorf("compressing: %w", err)
		}
		return packed.Bytes(), nil
	default:
		return bytes.Clone(lines), nil
	}
}

func (s *server) parameters(settings map[string]string) url.Values {
	p := url.Values{"wait_end_of_query": {"1"}} // the status tells how it ended, not how it began
	for name, value := range settings {
		p.Set(name, value)
	}
	return p
}

// ask runs a statement that holds nothing of an event and returns its answer.
func (s *server) ask(ctx context.Context, statement string, settings map[string]string) (string, error) {
	answer, err := s.post(ctx, s.parameters(settings), []byte(statement), "none")
	var e *exception
	if errors.As(err, &e) {
		return "", fmt.Errorf("%w: %.500s", err, e.text)
	}
	return strings.TrimSuffix(string(answer), "\n"), err
}

// mostAnswer bounds what is read of an answer.
const mostAnswer = 1 << 20

func (s *server) post(ctx context.Context, parameters url.Values, body []byte, encoding string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"?"+parameters.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the url is not one") // not reached: it was validated
	}
	if s.user != "" {
		request.Header.Set("X-ClickHouse-User", s.user)
		if s.certificate {
			request.Header.Set("X-ClickHouse-SSL-Certificate-Auth", "on")
		} else {
			request.Header.Set("X-ClickHouse-Key", s.password.Reveal())
		}
	}
	if encoding != "none" {
		request.Header.Set("Content-Encoding", encoding)
	}
	request.Header.Set("User-Agent", "weir")
	response, err := s.client.Do(request)
	if err != nil {
		var e *url.Error // quotes the query
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("reaching ClickHouse: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading ClickHouse's answer: %w", err)
	}
	if response.StatusCode == http.StatusOK && response.Header.Get("X-ClickHouse-Exception-Code") == "" {
		return answer, nil
	}
	e := parseException(answer, response.StatusCode, response.Header.Get("X-ClickHouse-Exception-Code"))
	if e.isThrottling() {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return nil, sinks.Throttled(e, time.Duration(max(0, seconds))*time.Second)
	}
	return nil, e
}

// exception is an error that the server reports. Its message leaves out the
// server's, which may quote an event.
type exception struct {
	code       int // 0 when something in front of the server answered
	status     int
	name       string // of the code
	constraint string
	text       string
}

var (
	exceptionCode = regexp.MustCompile(`^Code: (\d+)\.`)
	exceptionName = regexp.MustCompile(`\(([A-Z][A-Z0-9_]*)\)(?: \(version [^()]*(?:\([^()]*\))?\))?\s*$`)
	constraint    = regexp.MustCompile("^Code: 469\\. DB::Exception: Constraint `(\\w+)`")
)

func parseException(answer []byte, status int, header string) *exception {
	e := &exception{status: status, text: strings.TrimSpace(string(answer))}
	if header == "" {
		if m := exceptionCode.FindStringSubmatch(e.text); m != nil {
			header = m[1]
		}
	}
	e.code, _ = strconv.Atoi(header)
	if m := exceptionName.FindStringSubmatch(e.text); m != nil {
		e.name = m[1]
	}
	if m := constraint.FindStringSubmatch(e.text); m != nil {
		e.constraint = m[1]
	}
	return e
}

func (e *exception) Error() string {
	text := fmt.Sprintf("ClickHouse answers %d", e.status)
	if e.code != 0 {
		text = fmt.Sprintf("ClickHouse answers with error %d", e.code)
	}
	if e.name != "" {
		text += " " + e.name
	}
	if e.constraint != "" {
		text += ", constraint " + e.constraint
	}
	return text
}

// Error codes of the server.
const (
	syntaxError    = 62
	tooManyQueries = 202
	tooManyParts   = 252
)

func (e *exception) isThrottling() bool {
	switch e.code {
	case tooManyQueries, tooManyParts:
		return true
	}
	return e.status == http.StatusTooManyRequests || e.status == http.StatusServiceUnavailable
}

// refusals are the errors that speak of what an event holds.
var refusals = map[int]bool{
	6: true, 25: true, 26: true, 27: true, 38: true, 41: true, 72: true, 376: true, 467: true, // CANNOT_PARSE_…
	53:  true, // TYPE_MISMATCH
	69:  true, // ARGUMENT_OUT_OF_BOUND
	70:  true, // CANNOT_CONVERT_TYPE
	117: true, // INCORRECT_DATA
	131: true, // TOO_LARGE_STRING_SIZE
	321: true, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
	349: true, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
	395: true, // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
	407: true, // DECIMAL_OVERFLOW
	469: true, // VIOLATED_CONSTRAINT
	691: true, // UNKNOWN_ELEMENT_OF_ENUM
}

// isRefusal reports whether the server refused what an event holds.
func isRefusal(err error) bool {
	var e *exception
	return errors.As(err, &e) && refusals[e.code]
}
