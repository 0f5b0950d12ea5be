package auth

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting, so that 8 KB of brackets do not become 8 K stack frames.
const maxDepth = 32

// scanner reads JSON by the grammar of RFC 8259 and nothing beyond it. Each method stands on the first byte of what it
// reads, ends after the last one, and reports whether the text was as it should be.
type scanner struct {
	text  string
	at    int
	depth int
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() {
	for c := s.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = s.peek() {
		s.at++
	}
}

// value reads any value with the space around it.
func (s *scanner) value() (value, bool) {
	s.space()
	start := s.at
	var ok bool
	switch c := s.peek(); c {
	case '"':
		_, ok = s.string()
	case '{':
		_, ok = s.object()
	case '[':
		ok = s.array(func(value) {})
	case 't', 'f', 'n':
		ok = s.literal("true") || s.literal("false") || s.literal("null")
	default:
		ok = s.number()
	}
	if !ok {
		return "", false
	}
	v := value(s.text[start:s.at])
	s.space()
	return v, true
}

func (s *scanner) object() (object, bool) {
	if s.depth++; s.depth > maxDepth || !s.take('{') {
		return nil, false
	}
	s.space()
	if s.take('}') {
		s.depth--
		return object{}, true
	}
	o := make(object, 0, 16)
	for {
		m, ok := s.member()
		if !ok {
			return nil, false
		}
		o = append(o, m)
		if s.take('}') {
			s.depth--
			return o, !o.repeatsName()
		}
		if !s.take(',') {
			return nil, false
		}
	}
}

func (s *scanner) member() (member, bool) {
	s.space()
	name, ok := s.string()
	if !ok {
		return member{}, false
	}
	s.space()
	if !s.take(':') {
		return member{}, false
	}
	v, ok := s.value()
	return member{name, v}, ok
}

func (s *scanner) array(each func(value)) bool {
	if s.depth++; s.depth > maxDepth || !s.take('[') {
		return false
	}
	s.space()
	if s.take(']') {
		s.depth--
		return true
	}
	for {
		v, ok := s.value()
		if !ok {
			return false
		}
		each(v)
		if s.take(']') {
			s.depth--
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) literal(word string) bool {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		_ = s.take('+') || s.take('-')
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > start
}

// string reads a string; without escapes, as nearly all are, it is a slice of the text.
func (s *scanner) string() (string, bool) {
	if !s.take('"') {
		return "", false
	}
	start := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[start : s.at-1], true
		case c == '\\':
			return s.escaped([]byte(s.text[start:s.at]))
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// escaped goes on where string met the first backslash.
func (s *scanner) escaped(out []byte) (string, bool) {
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '"':
			return string(out), true
		case c < ' ':
			return "", false
		case c != '\\':
			out = append(out, c)
		default:
			r, ok := s.escape()
			if !ok {
				return "", false
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return "", false
}

// escape reads what follows a backslash. A lone surrogate is refused: it has no UTF-8, and mending it to U+FFFD would
// make different names equal.
func (s *scanner) escape() (rune, bool) {
	if s.at == len(s.text) {
		return 0, false
	}
	c := s.text[s.at]
	s.at++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	if c != 'u' {
		return 0, false
	}
	r, ok := s.hex4()
	if !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !s.literal(`\u`) {
		return 0, false
	}
	low, ok := s.hex4()
	r = utf16.DecodeRune(r, low)
	return r, ok && r != utf8.RuneError
}

func (s *scanner) hex4() (rune, bool) {
	if len(s.text)-s.at < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s.text[s.at:s.at+4], 16, 16)
	s.at += 4
	return rune(n), err == nil
}
