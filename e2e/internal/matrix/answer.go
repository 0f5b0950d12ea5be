package matrix

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Answer is what must come back.
type Answer struct {
	Status  int               `yaml:"status"`
	Type    string            `yaml:"type"`    // the media type, without parameters
	Headers map[string]string `yaml:"headers"` // patterns; "" is absent
	JSON    any               `yaml:"json"`    // members that must be there and equal; texts are patterns
	Least   map[string]int    `yaml:"least"`   // lists of the JSON body and how long they are at least
	Has     []string          `yaml:"has"`
	Lacks   []string          `yaml:"lacks"`
}

// received is what came back.
type received struct {
	method string
	status int
	header http.Header
	body   []byte
}

// token is what no answer may show: a JWT, which begins with two JSON objects in base64.
var token = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}`)

// faults says what is wrong with what came back; nothing is.
func (a Answer) faults(got received, blanks map[string]string) []string {
	var faults []string
	note := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if got.status != a.Status {
		note("status is %d, want %d", got.status, a.Status)
	}
	if kind, _, _ := mime.ParseMediaType(got.header.Get("Content-Type")); a.Type != "" && kind != a.Type {
		note("Content-Type is %q, want %s", kind, a.Type)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		want, values := fill(a.Headers[name], blanks), got.header.Values(name)
		switch {
		case want == "" && len(values) > 0:
			note("%s is there and must not be", name)
		case want != "" && !slices.ContainsFunc(values, func(v string) bool { return matches(want, v) }):
			note("%s is %q, want %s", name, values, want)
		}
	}
	if token.Match(got.body) || slices.ContainsFunc(slices.Collect(maps.Values(got.header)), showsToken) {
		note("it shows a token")
	}
	return append(faults, a.bodyFaults(got)...)
}

func showsToken(values []string) bool { return slices.ContainsFunc(values, token.MatchString) }

// bodyFaults looks at the body. HEAD has none, whatever a GET would have brought (RFC 9110 §9.3.2).
func (a Answer) bodyFaults(got received) []string {
	if got.method == http.MethodHead {
		return nil
	}
	var faults []string
	for _, text := range a.Has {
		if !strings.Contains(string(got.body), text) {
			faults = append(faults, fmt.Sprintf("body lacks %q", text))
		}
	}
	for _, text := range a.Lacks {
		if strings.Contains(string(got.body), text) {
			faults = append(faults, fmt.Sprintf("body has %q", text))
		}
	}
	if a.JSON == nil && a.Least == nil {
		return faults
	}
	var body any
	if err := json.Unmarshal(got.body, &body); err != nil {
		return append(faults, "body is no JSON")
	}
	return slices.Concat(faults, differences("", a.JSON, body), a.short(body))
}

// short says which lists are shorter than they must be.
func (a Answer) short(body any) []string {
	var faults []string
	members, _ := body.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(a.Least)) {
		list, _ := members[name].([]any)
		if len(list) < a.Least[name] {
			faults = append(faults, fmt.Sprintf("%s has %d elements, want %d at least", name, len(list), a.Least[name]))
		}
	}
	return faults
}

// differences compares what is wanted with what came: objects by the members that are wanted, lists in full, texts as patterns.
func differences(at string, want, got any) []string {
	switch want := want.(type) {
	case nil:
		return nil
	case map[string]any:
		members, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is no object", at)}
		}
		var found []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			found = append(found, differences(strings.TrimPrefix(at+"."+name, "."), want[name], members[name])...)
		}
		return found
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
		}
		var found []string
		for i := range want {
			found = append(found, differences(fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
		}
		return found
	case string:
		if text, ok := got.(string); ok && matches(want, text) {
			return nil
		}
	case int:
		if number, ok := got.(float64); ok && number == float64(want) {
			return nil
		}
	default:
		if got == want {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
}

// fill puts the run's own values into a pattern.
func fill(pattern string, blanks map[string]string) string {
	for name, value := range blanks {
		pattern = strings.ReplaceAll(pattern, "{"+name+"}", value)
	}
	return pattern
}

// wild are the parts of a pattern that stand for more than themselves, as regexp.QuoteMeta writes them.
var wild = strings.NewReplacer(`\*`, `.*`, `\{some\}`, `.+`)

// matches compares a text with a pattern in which * is any text and {some} any but none.
func matches(pattern, text string) bool {
	expression := wild.Replace(regexp.QuoteMeta(pattern))
	ok, err := regexp.MatchString(`^(?s:`+expression+`)$`, text)
	return err == nil && ok
}
