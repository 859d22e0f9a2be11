// Package scan is the tokeniser: JSON bytes in, tokens and extents out; no
// tree, no allocation.
package scan
