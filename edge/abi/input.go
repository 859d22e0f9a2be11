package abi

import (
	"encoding/binary"

	"weir/edge/collector"
)

// AppendInput appends the input frame of in to dst.
func AppendInput(dst []byte, in *collector.Input) []byte {
	start := len(dst)
	r, at := &in.Request, &in.Location
	var flags byte
	if r.Secure {
		flags |= flagSecure
	}
	if r.BodyTooLarge {
		flags |= flagBodyTooLarge
	}
	if in.Trapped {
		flags |= flagTrapped
	}
	if in.Bot.Verified {
		flags |= flagVerifiedBot
	}
	dst = begin(dst, flags)
	dst[start+6] = in.Bot.Score
	dst = binary.LittleEndian.AppendUint64(dst, uint64(in.NowMillis))
	dst = append(dst, in.Entropy[:]...)
	dst = appendString(dst, r.Method)
	dst = appendString(dst, r.Path)
	dst = appendString(dst, r.Query)
	dst = appendString(dst, r.Host)
	dst = appendString(dst, r.ClientIP)
	dst = appendString(dst, at.Country)
	dst = appendString(dst, at.Region)
	dst = appendString(dst, at.City)
	dst = appendString(dst, at.Continent)
	dst = appendString(dst, at.Timezone)
	dst = appendString(dst, at.Latitude)
	dst = appendString(dst, at.Longitude)
	dst = appendString(dst, at.ASN)
	dst = appendString(dst, at.ASOrg)
	dst = appendString(dst, at.Colo)
	dst = appendHeaders(dst, r.Headers)
	dst = appendBytes(dst, r.Body)
	return end(dst, start)
}

// DecodeInput fills in from an input frame. What it holds afterwards shares the
// frame's bytes; the room of in.Request.Headers is used again. On an error in
// is not to be used.
func DecodeInput(in *collector.Input, frame []byte) error {
	const bestScore = 99
	r, flags, score := open(frame)
	if r.err == nil && (flags&^flagsKnown != 0 || score > bestScore) {
		return ErrValue
	}
	in.Request.Secure = flags&flagSecure != 0
	in.Request.BodyTooLarge = flags&flagBodyTooLarge != 0
	in.Trapped = flags&flagTrapped != 0
	in.Bot = collector.BotScore{Score: score, Verified: flags&flagVerifiedBot != 0}
	if now := r.take(8); now != nil {
		in.NowMillis = int64(binary.LittleEndian.Uint64(now))
	}
	copy(in.Entropy[:], r.take(len(in.Entropy)))
	in.Request.Method = r.string()
	in.Request.Path = r.string()
	in.Request.Query = r.string()
	in.Request.Host = r.string()
	in.Request.ClientIP = r.string()
	in.Location.Country = r.string()
	in.Location.Region = r.string()
	in.Location.City = r.string()
	in.Location.Continent = r.string()
	in.Location.Timezone = r.string()
	in.Location.Latitude = r.string()
	in.Location.Longitude = r.string()
	in.Location.ASN = r.string()
	in.Location.ASOrg = r.string()
	in.Location.Colo = r.string()
	in.Request.Headers = r.headers(in.Request.Headers[:0])
	in.Request.Body = r.bytes()
	return r.close()
}
