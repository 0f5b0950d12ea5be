package auth

import (
	"encoding/base64"
	"strings"
)

// encoding is base64url without padding whose unused last bits must be zero, so that a token has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// token is a compact JWS (RFC 7515 §7.1) taken apart, nothing of it believed yet.
type token struct {
	signed    string // header and payload as sent: what the signature covers
	header    object
	payload   string
	signature []byte
}

// parseToken takes a token apart. The payload stays text: nobody reads claims before the signature holds.
func parseToken(compact string) (token, error) {
	end := strings.LastIndexByte(compact, '.')
	if end < 0 {
		return token{}, ErrMalformed
	}
	signed := compact[:end]
	header, payload, ok := strings.Cut(signed, ".")
	if !ok {
		return token{}, ErrMalformed
	}
	buffer := make([]byte, 0, len(compact))
	buffer, ok1 := decodePart(buffer, header)
	headerEnd := len(buffer)
	buffer, ok2 := decodePart(buffer, payload)
	payloadEnd := len(buffer)
	buffer, ok3 := decodePart(buffer, compact[end+1:])
	if !ok1 || !ok2 || !ok3 {
		return token{}, ErrMalformed
	}
	text := string(buffer[:payloadEnd])
	parameters, ok := parseObject(text[:headerEnd])
	if !ok {
		return token{}, ErrMalformed
	}
	return token{signed, parameters, text[headerEnd:], buffer[payloadEnd:]}, nil
}

// decodePart appends to buffer. A fourth part fails here, since a dot is no base64; so would a line break, if the
// decoder did not skip it.
func decodePart(buffer []byte, part string) ([]byte, bool) {
	if strings.IndexByte(part, '\n') >= 0 || strings.IndexByte(part, '\r') >= 0 {
		return nil, false
	}
	out, err := encoding.AppendDecode(buffer, []byte(part))
	return out, err == nil
}
