package revocation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxID bounds ids, which are kept and logged; FusionAuth's are UUIDs.
const maxID = 128

// object is what a JSON object says under the names that matter. encoding/json on a struct would take USERID for userId,
// and the last of two; here names are exact, one that is there twice is an error, and what does not matter may be
// anything, since FusionAuth adds members with every version.
type object map[string]json.RawMessage

var errNoObject = errors.New("not a JSON object")

// parseDocument reads a text that is one JSON object and nothing else.
func parseDocument(text []byte, names ...string) (object, error) {
	// The decoder would mend what is no UTF-8, and so make different ids equal.
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errors.New("not JSON")
	}
	return parseObject(text, names...)
}

// parseObject reads a part of a text that is JSON.
func parseObject(text []byte, names ...string) (object, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errNoObject
	}
	o := object{}
	for d.More() {
		token, err := d.Token()
		name, isName := token.(string)
		var v json.RawMessage
		if err != nil || !isName || d.Decode(&v) != nil {
			return nil, errNoObject
		}
		if !slices.Contains(names, name) {
			continue
		}
		if o.has(name) {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		o[name] = v
	}
	return o, nil
}

func (o object) has(name string) bool {
	_, ok := o[name]
	return ok
}

// inner reads an object within; one that is not there has no members.
func (o object) inner(name string, names ...string) (object, error) {
	if !o.has(name) {
		return nil, nil
	}
	in, err := parseObject(o[name], names...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return in, nil
}

// id reads a short text that is not empty; "" is one that is not there.
func (o object) id(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	var text *string
	if err := json.Unmarshal(o[name], &text); err != nil || text == nil || *text == "" || len(*text) > maxID {
		return "", fmt.Errorf("%s is not an id", name)
	}
	return *text, nil
}

// count reads a positive whole number, written as one; 0 is one that is not there.
func (o object) count(name string) (int64, error) {
	if !o.has(name) {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s is not a positive whole number", name)
	}
	return n, nil
}
