package kickstart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
)

// source is one JSON file and where its lines begin, so that every fault can name a line.
type source struct {
	name  string
	lines []int // offset of the first byte of each line
}

// node is one JSON value with the line on which it stands. Of its contents only the field for its kind is filled.
type node struct {
	src     *source
	line    int
	kind    kind
	text    string
	number  json.Number
	truth   bool
	items   []*node
	members []member
}

// member is one name of an object, with its value.
type member struct {
	name  string
	line  int
	value *node
}

type kind string

const (
	isNull    kind = "null"
	isText    kind = "a string"
	isNumber  kind = "a number"
	isBoolean kind = "true or false"
	isList    kind = "an array"
	isObject  kind = "an object"
)

// maxFile bounds a kickstart file and each file that it includes.
const maxFile = 1 << 20

// parseJSON reads one strict JSON document. Unlike encoding/json it keeps lines, the case of names and duplicate names, which
// are a fault: of two values for one name nobody knows which FusionAuth would take.
func parseJSON(name string, data []byte) (*node, []Fault) {
	src := &source{name: name, lines: []int{0}}
	for i, b := range data {
		if b == '\n' {
			src.lines = append(src.lines, i+1)
		}
	}
	if err := syntax(data); err != nil {
		return nil, []Fault{{File: name, Line: src.line(err.offset), Text: err.Error()}}
	}
	b := builder{src: src, dec: json.NewDecoder(bytes.NewReader(data))}
	b.dec.UseNumber()
	return b.value(b.next()), b.faults
}

// line gives the number of the line that holds the byte at offset.
func (s *source) line(offset int64) int {
	return sort.Search(len(s.lines), func(i int) bool { return int64(s.lines[i]) > offset })
}

// syntaxError says what is no JSON, and where.
type syntaxError struct {
	offset int64
	what   string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("not valid JSON (%s); a kickstart is strict JSON, without comments and trailing commas", e.what)
}

func syntax(data []byte) *syntaxError {
	if len(data) > maxFile {
		return &syntaxError{what: fmt.Sprintf("larger than %d bytes", maxFile)}
	}
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if err == nil {
		return nil
	}
	if at, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &syntaxError{offset: max(at.Offset-1, 0), what: at.Error()}
	}
	return &syntaxError{what: err.Error()}
}

// builder makes nodes of the tokens of a document whose syntax has been checked.
type builder struct {
	src    *source
	dec    *json.Decoder
	faults []Fault
}

func (b *builder) next() json.Token {
	token, _ := b.dec.Token() // the syntax has been checked
	return token
}

// here is the line of the token read last: tokens do not span lines.
func (b *builder) here() int { return b.src.line(b.dec.InputOffset() - 1) }

func (b *builder) fault(line int, format string, args ...any) {
	b.faults = append(b.faults, Fault{File: b.src.name, Line: line, Text: fmt.Sprintf(format, args...)})
}

func (b *builder) value(token json.Token) *node {
	n := &node{src: b.src, line: b.here(), kind: isNull}
	switch t := token.(type) {
	case string:
		n.kind, n.text = isText, t
	case json.Number:
		n.kind, n.number = isNumber, t
	case bool:
		n.kind, n.truth = isBoolean, t
	case json.Delim:
		b.container(n, t)
	}
	return n
}

func (b *builder) container(n *node, open json.Delim) {
	n.kind = isList
	if open == '{' {
		n.kind = isObject
	}
	for b.dec.More() {
		token := b.next()
		if n.kind == isList {
			n.items = append(n.items, b.value(token))
			continue
		}
		b.member(n, token)
	}
	b.next() // the closing delimiter
}

func (b *builder) member(n *node, token json.Token) {
	name, _ := token.(string)
	m := member{name: name, line: b.here()}
	if first := n.get(name); first != nil {
		b.fault(m.line, "%q stands twice in one object, first on line %d; leave one", name, first.line)
	}
	m.value = b.value(b.next())
	n.members = append(n.members, m)
}

// get gives the member of that exact name, or nil.
func (n *node) get(name string) *member {
	for i := range n.members {
		if n.members[i].name == name {
			return &n.members[i]
		}
	}
	return nil
}
