package auth

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// object is a JSON object as written: its members in order, their values unread. Members are found by exact name,
// where encoding/json would take EXP, or roleſ with a long s, for exp and roles.
type object []member

type member struct {
	name  string
	value value
}

// value is the text of one JSON value that the scanner has accepted.
type value string

// parseObject accepts a text that is one JSON object and nothing else: valid UTF-8 without a byte order mark, no name
// twice in an object at any depth (RFC 8725bis: two parsers would read two different tokens), nothing after it.
func parseObject(text string) (object, bool) {
	if !utf8.ValidString(text) {
		return nil, false
	}
	s := scanner{text: text}
	s.space()
	o, ok := s.object()
	s.space()
	return o, ok && s.at == len(text)
}

// get returns the value of the member with exactly this name.
func (o object) get(name string) (value, bool) {
	for i := range o {
		if o[i].name == name {
			return o[i].value, true
		}
	}
	return "", false
}

func (o object) has(name string) bool {
	_, ok := o.get(name)
	return ok
}

// text returns the value of a member that must be a string.
func (o object) text(name string) (string, bool) {
	v, _ := o.get(name)
	return v.text()
}

// repeatsName looks at each pair while there are few, and sorts when somebody sends a thousand.
func (o object) repeatsName() bool {
	if len(o) > 32 {
		names := make([]string, len(o))
		for i, m := range o {
			names[i] = m.name
		}
		slices.Sort(names)
		return len(slices.Compact(names)) < len(o)
	}
	for i := range o {
		if o[:i].has(o[i].name) {
			return true
		}
	}
	return false
}

// text decodes a JSON string; any other value is not ok.
func (v value) text() (string, bool) {
	s := scanner{text: string(v)}
	return s.string()
}

// number decodes a JSON number that a float64 can hold.
func (v value) number() (float64, bool) {
	if v == "" || v[0] != '-' && (v[0] < '0' || v[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(v), 64)
	return n, err == nil
}

// object decodes a JSON object.
func (v value) object() (object, bool) {
	s := scanner{text: string(v)}
	return s.object()
}

// eachText visits a list of strings; a list with anything else in it is not ok.
func (v value) eachText(visit func(string)) bool {
	onlyTexts := true
	s := scanner{text: string(v)}
	isList := s.array(func(v value) {
		if text, ok := v.text(); ok {
			visit(text)
		} else {
			onlyTexts = false
		}
	})
	return isList && onlyTexts
}
