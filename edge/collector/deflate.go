package collector

import "math/bits"

// deflater reads deflate streams (RFC 1951). It exists because compress/flate
// allocates tables for every block of a stream, and the module's memory must
// stay flat whatever is sent.
type deflater struct {
	src  []byte // what follows the bits
	bits uint64 // bits read ahead, the next one lowest
	n    uint   // how many

	literals, distances huffman
	lengths             [320]uint8
}

// inflate appends what the stream at the start of src holds to dst[:from], whose
// bytes from from on may be referred to, and returns it with the rest of src. The
// result never exceeds limit bytes: a stream that would is errInflatedTooLarge.
func (d *deflater) inflate(dst, src []byte, limit int) (out, rest []byte, err error) {
	d.src, d.bits, d.n = src, 0, 0
	start := len(dst)
	for last := false; !last; {
		header, ok := d.take(3)
		if !ok {
			return dst, nil, errGzipDamaged
		}
		last = header&1 != 0
		switch header >> 1 {
		case 0:
			dst, err = d.stored(dst, limit)
		case 1:
			d.fixed()
			dst, err = d.block(dst, start, limit)
		case 2:
			if !d.dynamic() {
				return dst, nil, errGzipDamaged
			}
			dst, err = d.block(dst, start, limit)
		default:
			err = errGzipDamaged
		}
		if err != nil {
			return dst, nil, err
		}
	}
	// Whole bytes that were read ahead belong to what follows.
	return dst, src[len(src)-len(d.src)-int(d.n/8):], nil
}

func (d *deflater) fill() {
	for d.n <= 56 && len(d.src) > 0 {
		d.bits |= uint64(d.src[0]) << d.n
		d.src = d.src[1:]
		d.n += 8
	}
}

// take reads n bits, at most 16.
func (d *deflater) take(n uint) (v int, ok bool) {
	if d.n < n {
		if d.fill(); d.n < n {
			return 0, false
		}
	}
	v = int(d.bits & (1<<n - 1))
	d.bits >>= n
	d.n -= n
	return v, true
}

func (d *deflater) stored(dst []byte, limit int) ([]byte, error) {
	d.take(d.n % 8) // to the next byte
	n, ok := d.take(16)
	check, ok2 := d.take(16)
	if !ok || !ok2 || n != check^0xffff {
		return dst, errGzipDamaged
	}
	for ; n > 0; n-- {
		b, ok := d.take(8)
		switch {
		case !ok:
			return dst, errGzipDamaged
		case len(dst) == limit:
			return dst, errInflatedTooLarge
		}
		dst = append(dst, byte(b))
	}
	return dst, nil
}

// Lengths and distances: a base and a number of extra bits for each symbol (section 3.2.5).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits = [29]uint8{8: 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase   = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distBits   = [30]uint8{4: 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

func (d *deflater) block(dst []byte, start, limit int) ([]byte, error) {
	const end = 256
	for {
		symbol := d.symbol(&d.literals)
		switch {
		case symbol < 0 || symbol > end+len(lengthBase):
			return dst, errGzipDamaged
		case symbol == end:
			return dst, nil
		case symbol < end:
			if len(dst) == limit {
				return dst, errInflatedTooLarge
			}
			dst = append(dst, byte(symbol))
			continue
		}
		symbol -= end + 1
		extra, ok := d.take(uint(lengthBits[symbol]))
		length := int(lengthBase[symbol]) + extra
		symbol = d.symbol(&d.distances)
		if !ok || symbol < 0 || symbol >= len(distBase) {
			return dst, errGzipDamaged
		}
		extra, ok = d.take(uint(distBits[symbol]))
		distance := int(distBase[symbol]) + extra
		if !ok || distance > len(dst)-start {
			return dst, errGzipDamaged
		}
		room := limit - len(dst)
		for range min(length, room) { // byte by byte: it may run into what it appends
			dst = append(dst, dst[len(dst)-distance])
		}
		if length > room {
			return dst, errInflatedTooLarge
		}
	}
}

// fixed makes the codes of section 3.2.6.
func (d *deflater) fixed() {
	l := d.lengths[:288]
	for i := range l {
		switch {
		case i < 144:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	d.literals.build(l)
	l = d.lengths[:32]
	for i := range l {
		l[i] = 5
	}
	d.distances.build(l)
}

// dynamic reads the codes of a block: section 3.2.7.
func (d *deflater) dynamic() bool {
	counts, ok := d.take(14)
	if !ok {
		return false
	}
	literals, distances, codes := counts&31+257, counts>>5&31+1, counts>>10+4
	if literals > 286 || distances > 30 {
		return false
	}
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	clear(d.lengths[:len(order)])
	for _, i := range order[:codes] {
		n, ok := d.take(3)
		if !ok {
			return false
		}
		d.lengths[i] = uint8(n)
	}
	// The code for lengths is used up before the literals' own code is built in its place.
	if !d.literals.build(d.lengths[:len(order)]) {
		return false
	}
	for i := 0; i < literals+distances; {
		symbol := d.symbol(&d.literals)
		value, times, extra := uint8(0), 0, 0
		switch {
		case symbol < 0:
			return false
		case symbol < 16:
			d.lengths[i] = uint8(symbol)
			i++
			continue
		case symbol == 16:
			if i == 0 {
				return false
			}
			value = d.lengths[i-1]
			extra, ok = d.take(2)
			times = 3 + extra
		case symbol == 17:
			extra, ok = d.take(3)
			times = 3 + extra
		default:
			extra, ok = d.take(7)
			times = 11 + extra
		}
		if !ok || i+times > literals+distances {
			return false
		}
		for ; times > 0; times-- {
			d.lengths[i] = value
			i++
		}
	}
	return d.literals.build(d.lengths[:literals]) && d.distances.build(d.lengths[literals:literals+distances])
}

const fastBits = 9

// huffman is a canonical Huffman code (section 3.2.2).
type huffman struct {
	count   [16]uint16            // codes of each length
	symbols [288]uint16           // ordered by code
	fast    [1 << fastBits]uint16 // by the next bits: symbol<<4 | length for codes that fit, else 0
}

// build makes the code that has these lengths, 0 meaning that a symbol has no
// code. It must use up all codes, except that a single code of one bit will do,
// and that there may be none at all, which then must not be used.
func (h *huffman) build(lengths []uint8) bool {
	h.count = [16]uint16{}
	for _, l := range lengths {
		h.count[l]++
	}
	h.count[0] = 0
	var next, place [16]uint16
	left, total, longest := 1, uint16(0), 0
	for l := 1; l < 16; l++ {
		left = left<<1 - int(h.count[l])
		if left < 0 {
			return false
		}
		next[l] = (next[l-1] + h.count[l-1]) << 1
		place[l] = total
		total += h.count[l]
		if h.count[l] > 0 {
			longest = l
		}
	}
	if left > 0 && total > 0 && !(total == 1 && longest == 1) {
		return false
	}
	clear(h.fast[:])
	for symbol, l := range lengths {
		if l == 0 {
			continue
		}
		h.symbols[place[l]] = uint16(symbol)
		place[l]++
		code := next[l]
		next[l]++
		if l <= fastBits {
			reversed := int(bits.Reverse16(code) >> (16 - l))
			for i := reversed; i < len(h.fast); i += 1 << l {
				h.fast[i] = uint16(symbol)<<4 | uint16(l)
			}
		}
	}
	return true
}

// symbol reads a symbol, or returns -1 for a code that does not exist or the end of the stream.
func (d *deflater) symbol(h *huffman) int {
	if d.n < 15 {
		d.fill()
	}
	if e := h.fast[d.bits&(1<<fastBits-1)]; e != 0 {
		n := uint(e & 15)
		if n > d.n {
			return -1
		}
		d.bits >>= n
		d.n -= n
		return int(e >> 4)
	}
	code, first, index := 0, 0, 0
	for l := uint(1); l < 16 && l <= d.n; l++ {
		code |= int(d.bits >> (l - 1) & 1)
		count := int(h.count[l])
		if code-first < count {
			d.bits >>= l
			d.n -= l
			return int(h.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return -1
}
