package s3

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/gzip"
	"github.com/parquet-go/parquet-go/compress/uncompressed"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
)

const parquetName = "parquet"

// rowGroup bounds the rows that a reader has to hold at a time.
const rowGroup = 100_000

// table is a Parquet file of the canonical columns.
type table struct {
	doubles bool
	writer  *parquet.GenericWriter[any]
	row     columns.Row
	values  [columns.Len]parquet.Value
}

func newTable(compression, decimals string, rowGroup int64) *table {
	doubles := decimals == "double"
	return &table{doubles: doubles, writer: parquet.NewGenericWriter[any](nil, &parquet.WriterConfig{
		Schema:             parquet.NewSchema("event", rootOf(doubles)),
		Compression:        codec(compression),
		CreatedBy:          "weir",
		DataPageVersion:    2,
		MaxRowsPerRowGroup: rowGroup,
		PageBufferSize:     64 << 10,
	})}
}

func codec(compression string) compress.Codec {
	switch compression {
	case "gzip":
		return &gzip.Codec{Level: gzip.DefaultCompression}
	case "none":
		return &uncompressed.Codec{}
	default:
		return &zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}
	}
}

// root is the schema's top: a group that keeps the canonical order of columns.
type root struct {
	parquet.Group
	fields []parquet.Field
}

func (r *root) Fields() []parquet.Field { return r.fields }

func rootOf(doubles bool) *root {
	r := &root{Group: parquet.Group{}}
	for _, c := range columns.All {
		r.Group[c.Name] = node(c, doubles)
	}
	byName := map[string]parquet.Field{}
	for _, f := range r.Group.Fields() {
		byName[f.Name()] = f
	}
	for _, c := range columns.All {
		r.fields = append(r.fields, byName[c.Name])
	}
	return r
}

func node(c columns.Column, doubles bool) parquet.Node {
	var n parquet.Node
	switch c.Type {
	case columns.Timestamp:
		n = parquet.Timestamp(parquet.Millisecond) // adjusted to UTC
	case columns.Integer:
		n = parquet.Int(32)
	case columns.Boolean:
		n = parquet.Leaf(parquet.BooleanType)
	case columns.JSON:
		n = parquet.JSON()
	case columns.Decimal:
		if n = parquet.String(); doubles {
			n = parquet.Leaf(parquet.DoubleType)
		}
	default: // an event_id, too: many readers know no UUID
		n = parquet.String()
	}
	if few[c.Name] {
		n = parquet.Encoded(n, &parquet.RLEDictionary)
	}
	if !c.Required {
		n = parquet.Optional(n)
	}
	return n
}

// few are columns whose values repeat from event to event.
var few = func() map[string]bool {
	names := map[string]bool{}
	for _, f := range []envelope.Field{
		envelope.AppID, envelope.Platform, envelope.EventType, envelope.NameTracker, envelope.VTracker, envelope.VCollector, envelope.VEtl,
		envelope.GeoCountry, envelope.GeoRegion, envelope.GeoCity, envelope.GeoRegionName, envelope.GeoTimezone, envelope.IPISP, envelope.IPOrganization,
		envelope.PageURLScheme, envelope.PageURLHost, envelope.RefrURLScheme, envelope.RefrURLHost, envelope.RefrMedium, envelope.RefrSource,
		envelope.MktMedium, envelope.MktSource, envelope.MktCampaign, envelope.SeCategory, envelope.SeAction, envelope.UserAgent,
		envelope.BrName, envelope.BrFamily, envelope.BrVersion, envelope.BrType, envelope.BrLang, envelope.BrColorDepth,
		envelope.OSName, envelope.OSFamily, envelope.OSManufacturer, envelope.OSTimezone, envelope.DvceType, envelope.DocCharset,
		envelope.TrCurrency, envelope.TiCurrency, envelope.BaseCurrency,
		envelope.EventVendor, envelope.EventName, envelope.EventFormat, envelope.EventVersion,
	} {
		names[f.Name()] = true
	}
	return names
}()

func (t *table) begin(to *bytes.Buffer) { t.writer.Reset(to) }

func (t *table) add(e sinks.Event) error {
	if err := t.row.Read(e.Envelope); err != nil {
		return err
	}
	for i := range t.row {
		c, v := &columns.All[i], &t.row[i]
		value, err := t.value(c, v)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		level := 1
		if c.Required || !v.Set {
			level = 0
		}
		t.values[i] = value.Level(0, level, i)
	}
	_, err := t.writer.WriteRows([]parquet.Row{t.values[:]})
	return err
}

func (t *table) value(c *columns.Column, v *columns.Value) (parquet.Value, error) {
	if !v.Set {
		return parquet.NullValue(), nil
	}
	switch c.Type {
	case columns.Timestamp:
		return parquet.Int64Value(v.Int), nil
	case columns.Integer:
		return parquet.Int32Value(int32(v.Int)), nil
	case columns.Boolean:
		return parquet.BooleanValue(v.Int == 1), nil
	case columns.Decimal:
		if t.doubles {
			n, err := strconv.ParseFloat(v.Text, 64)
			if math.IsInf(n, 0) {
				return parquet.Value{}, fmt.Errorf("beyond the range of a double: use decimals: text")
			}
			return parquet.DoubleValue(n), err
		}
	}
	return parquet.ByteArrayValue(envelope.ViewBytes(v.Text)), nil // the writer copies it
}

func (t *table) end() error {
	clear(t.row[:]) // it holds views of an envelope
	clear(t.values[:])
	return t.writer.Close()
}
