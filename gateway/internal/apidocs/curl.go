package apidocs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// curl is a command that asks for it, for a shell.
func (r reader) curl(o operation, op object, parameters []object) string {
	words := []string{"curl"}
	if o.Method != http.MethodGet {
		words = append(words, "-X", o.Method)
	}
	if slices.ContainsFunc(r.security(op), takesUser) {
		words = append(words, "-H", `"Authorization: Bearer $TOKEN"`)
	}
	target, query := o.Path, url.Values{}
	for _, p := range parameters {
		name, example := textOf(p, "name"), exampleOf(p)
		required, _ := p["required"].(bool)
		switch in := textOf(p, "in"); {
		case in == "path":
			target = strings.ReplaceAll(target, "{"+name+"}", example)
		case in == "header" && (required || name == "Idempotency-Key"):
			words = append(words, "-H", quote(name+": "+example))
		case in == "query" && required:
			query.Set(name, example)
		}
	}
	if o.Body != nil && o.Body.Example != "" {
		compact, _ := json.Marshal(in(resolve(r.doc, op["requestBody"]), "content", o.Body.Media)["example"])
		words = append(words, "-H", quote("Content-Type: "+o.Body.Media), "-d", quote(string(compact)))
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return strings.Join(append(words, quote(r.url()+target)), " ")
}

func exampleOf(p object) string {
	switch example := p["example"].(type) {
	case nil:
		return "1"
	case float64:
		return strconv.FormatFloat(example, 'f', -1, 64)
	default:
		return fmt.Sprint(example)
	}
}

// quote writes a word for a shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
