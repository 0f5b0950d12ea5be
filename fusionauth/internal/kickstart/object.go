package kickstart

import (
	"fmt"
	"io/fs"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// reader collects faults while the file is read.
type reader struct {
	fsys   fs.FS
	vars   *variables
	faults Faults
}

func (r *reader) fault(src *source, line int, format string, args ...any) {
	r.faults = append(r.faults, Fault{File: src.name, Line: line, Text: fmt.Sprintf(format, args...)})
}

// object reads the members of one JSON object by exact name. It remembers the names that were asked for, so that close can
// name the others: a misspelt member of a security setting is silently inert otherwise.
//
// A getter gives the zero value for an absent member as well as for a faulty one, and reports the fault by itself. So a caller
// never reports twice: "" means that there is nothing left to check.
type object struct {
	*reader
	node    *node
	path    string
	void    bool // stands for one that is absent or no object, which is reported already where it is a fault
	touched map[string]bool
}

func (r *reader) object(n *node, path string) *object {
	o := &object{reader: r, node: n, path: path, void: n.kind != isObject, touched: map[string]bool{}}
	if o.void {
		r.fault(n.src, n.line, "%s must be an object, not %s", path, n.kind)
	}
	return o
}

// close reports every member that nobody asked for.
func (o *object) close() {
	for _, m := range o.node.members {
		if o.touched[m.name] {
			continue
		}
		known := slices.Sorted(maps.Keys(o.touched))
		for _, k := range known {
			if strings.EqualFold(k, m.name) {
				known = []string{k + ", in that case"}
			}
		}
		o.fault(m.value.src, m.line, "%s has no field %q here; known: %s", o.path, m.name, strings.Join(known, ", "))
	}
}

// at is the line to name for a member: its own, or the object's when it is absent.
func (o *object) at(name string) int {
	if m := o.node.get(name); m != nil {
		return m.line
	}
	return o.node.line
}

// bad reports a fault of the member called name.
func (o *object) bad(name, format string, args ...any) {
	o.fault(o.node.src, o.at(name), "%s.%s %s", o.path, name, fmt.Sprintf(format, args...))
}

func (o *object) has(name string) bool { return o.node.get(name) != nil }

// need reports members that must be there and are not.
func (o *object) need(names ...string) {
	for _, name := range names {
		if !o.void && !o.has(name) {
			o.fault(o.node.src, o.node.line, "%s needs %s", o.path, name)
		}
	}
}

// member gives the value called name when it has the wanted kind; null counts as absent, as it does in FusionAuth.
func (o *object) member(name string, want kind) *node {
	o.touch(name)
	m := o.node.get(name)
	if m == nil || m.value.kind == isNull {
		return nil
	}
	if m.value.kind != want {
		o.bad(name, "must be %s, not %s", want, m.value.kind)
		return nil
	}
	return m.value
}

func (o *object) text(name string) string {
	n := o.member(name, isText)
	if n == nil {
		return ""
	}
	text, ok := o.expand(n)
	if ok && text == "" {
		o.bad(name, "is empty; give it a value or leave it out")
	}
	return text
}

// expand gives the text of n with its variables replaced, or false after reporting what is wrong with it.
func (r *reader) expand(n *node) (string, bool) {
	if file, included := reference(n.text, "@{"); included {
		return r.textFile(n, file)
	}
	if r.vars.usesBroken(n.text) {
		return "", false
	}
	text, faults := r.vars.expand(n.text, r.vars.lookup)
	for _, f := range faults {
		r.fault(n.src, n.line, "%s", f)
	}
	if len(faults) > 0 {
		return "", false
	}
	return text, true
}

func (o *object) boolean(name string, def bool) bool {
	n := o.member(name, isBoolean)
	if n == nil {
		return def
	}
	return n.truth
}

func (o *object) positive(name string, def int) int {
	return o.between(name, def, 1, 1<<30, "must be a positive whole number")
}

// upTo is a number that may be 0.
func (o *object) upTo(name string, def, limit int) int {
	return o.between(name, def, 0, limit, fmt.Sprintf("must be a whole number from 0 to %d", limit))
}

func (o *object) between(name string, def, least, most int, wanted string) int {
	n := o.member(name, isNumber)
	if n == nil {
		return def
	}
	i, err := strconv.Atoi(n.number.String())
	if err != nil || i < least || i > most {
		o.bad(name, "%s", wanted)
		return def
	}
	return i
}

func (o *object) enum(name, def string, values ...string) string {
	text := o.text(name)
	if text == "" {
		return def
	}
	if !slices.Contains(values, text) {
		o.bad(name, "is none of the values that this stand-in serves: %s", strings.Join(values, ", "))
		return def
	}
	return text
}

// id gives a UUID in its canonical spelling.
func (o *object) id(name string) string {
	text := o.text(name)
	if text == "" {
		return ""
	}
	id, ok := canonical(text)
	if !ok {
		o.bad(name, "is not a UUID such as 5b0f7a6e-3c0e-4a0f-9a55-0a1f6f7c1001")
	}
	return id
}

// canonical gives the one spelling of a UUID; of the spellings that uuid.Parse knows FusionAuth takes only this.
func canonical(text string) (string, bool) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(id.String()) {
		return "", false
	}
	return id.String(), true
}

func (o *object) email(name string) string {
	text := o.text(name)
	if text == "" {
		return ""
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		o.bad(name, "is not an e-mail address")
		return ""
	}
	return strings.ToLower(text)
}

// web gives an absolute http or https URL without fragment (RFC 6749 §3.1.2), exactly as it is written: redirects are compared
// byte for byte.
func (o *object) web(name string) string {
	text := o.text(name)
	if text != "" && !isWeb(text) {
		o.bad(name, "is not an absolute http or https URL without user and fragment")
		return ""
	}
	return text
}

func isWeb(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && !strings.Contains(text, "#")
}

func (o *object) child(name string) *object {
	path := o.path + "." + name
	if n := o.member(name, isObject); n != nil {
		return o.object(n, path)
	}
	nothing := &node{src: o.node.src, line: o.at(name)}
	return &object{reader: o.reader, node: nothing, path: path, void: true, touched: map[string]bool{}}
}

func (o *object) items(name string) []*node {
	n := o.member(name, isList)
	if n == nil {
		return nil
	}
	return n.items
}

// texts gives a list of strings; what is none, or repeats, is a fault.
func (o *object) texts(name string) []string {
	var texts []string
	for _, n := range o.items(name) {
		if n.kind != isText {
			o.fault(n.src, n.line, "%s.%s must hold strings, not %s", o.path, name, n.kind)
			continue
		}
		if text, ok := o.expand(n); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// touch accepts members without reading them.
func (o *object) touch(names ...string) {
	for _, name := range names {
		o.touched[name] = true
	}
}
