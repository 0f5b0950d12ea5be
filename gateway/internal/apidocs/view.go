package apidocs

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// view is the document as people read it.
type view struct {
	Summary, Description, URL string
	LeftOut                   []string
	Sections                  []section
	Schemas                   []schema
}

// section is the operations of one tag.
type section struct {
	ID, Name, Description string
	Operations            []operation
}

type operation struct {
	ID, Method, Path, Summary, Description string

	Who        string // may ask
	Parameters []field
	Body       *body
	Answers    []answer
	Curl       string
}

// field is a parameter, or a member of an object.
type field struct {
	Name, In, Description string
	Required              bool
	Type                  kind
}

// kind says what a value is, and where that is described, if anywhere.
type kind struct{ Text, Schema string }

type body struct {
	Media   string
	Type    kind
	Fields  []field // of an object that is described nowhere else
	Example string
}

type answer struct {
	Status, Description string
	Media               []string
	Type                kind
	Example             string
}

type schema struct {
	Name, Description string
	Fields            []field
}

// reader reads a document that is whole.
type reader struct{ doc object }

func viewOf(doc object) view {
	r := reader{doc}
	info := in(doc, "info")
	v := view{Summary: textOf(info, "summary"), Description: textOf(info, "description"), URL: r.url(), Sections: r.sections(), Schemas: r.schemas()}
	for _, name := range listOf(doc, "x-left-out") {
		v.LeftOut = append(v.LeftOut, fmt.Sprint(name))
	}
	return v
}

// url is where the document's paths begin.
func (r reader) url() string {
	servers := listOf(r.doc, "servers")
	if len(servers) == 0 {
		return ""
	}
	return textOf(objectOf(servers[0]), "url")
}

func (r reader) sections() []section {
	var sections []section
	for _, tag := range listOf(r.doc, "tags") {
		o := objectOf(tag)
		s := section{ID: "tag-" + anchor(textOf(o, "name")), Name: textOf(o, "name"), Description: textOf(o, "description")}
		for _, path := range slices.Sorted(maps.Keys(in(r.doc, "paths"))) {
			for _, method := range methods {
				op := in(r.doc, "paths", path, method)
				if op != nil && slices.Contains(listOf(op, "tags"), any(s.Name)) {
					s.Operations = append(s.Operations, r.operation(path, method, op))
				}
			}
		}
		if len(s.Operations) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

var noWord = regexp.MustCompile(`[^a-z0-9]+`)

// anchor makes an id of a name.
func anchor(name string) string {
	return strings.Trim(noWord.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

func (r reader) operation(path, method string, op object) operation {
	o := operation{
		ID: anchor(method + " " + path), Method: strings.ToUpper(method), Path: path, Summary: textOf(op, "summary"), Description: textOf(op, "description"),
		Who: r.who(op), Body: r.body(op), Answers: r.answers(op),
	}
	given := slices.Concat(listOf(in(r.doc, "paths", path), "parameters"), listOf(op, "parameters"))
	parameters := make([]object, len(given))
	for i, p := range given {
		parameters[i] = resolve(r.doc, p)
		required, _ := parameters[i]["required"].(bool)
		o.Parameters = append(o.Parameters, field{
			Name: textOf(parameters[i], "name"), In: textOf(parameters[i], "in"), Description: textOf(parameters[i], "description"), Required: required,
			Type: r.kind(parameters[i]["schema"]),
		})
	}
	o.Curl = r.curl(o, op, parameters)
	return o
}

// security is what an operation asks for, its own or the document's.
func (r reader) security(op object) []any {
	if own, ok := op["security"].([]any); ok {
		return own
	}
	return listOf(r.doc, "security")
}

// takesUser reports whether one way to be let in is a user's token.
func takesUser(alternative any) bool {
	_, takes := objectOf(alternative)["userToken"]
	return takes
}

func (r reader) who(op object) string {
	var roles []string
	for _, role := range listOf(op, "x-roles") {
		roles = append(roles, fmt.Sprint(role))
	}
	security := r.security(op)
	switch {
	case len(roles) > 0:
		return strings.Join(roles, " or ")
	case len(security) == 0:
		return "everybody"
	case slices.ContainsFunc(security, takesUser):
		return "whoever is signed in"
	default:
		return "FusionAuth"
	}
}

// body is what the operation takes, in the first of its media types.
func (r reader) body(op object) *body {
	content := in(resolve(r.doc, op["requestBody"]), "content")
	if len(content) == 0 {
		return nil
	}
	media := slices.Min(slices.Collect(maps.Keys(content)))
	b := &body{Media: media, Type: r.kind(in(content, media)["schema"]), Example: pretty(in(content, media)["example"])}
	if b.Type.Schema == "" {
		b.Fields = r.fields(resolve(r.doc, in(content, media)["schema"]))
	}
	return b
}

func (r reader) answers(op object) []answer {
	var answers []answer
	for _, status := range slices.Sorted(maps.Keys(in(op, "responses"))) {
		response := resolve(r.doc, in(op, "responses")[status])
		code, _ := strconv.Atoi(status)
		a := answer{Status: status, Description: textOf(response, "description"), Media: slices.Sorted(maps.Keys(in(response, "content")))}
		for _, media := range a.Media {
			if schema, ok := in(response, "content", media)["schema"]; ok {
				a.Type, a.Example = r.kind(schema), pretty(in(response, "content", media)["example"])
			}
		}
		if code >= http.StatusBadRequest {
			a.Example = "" // one problem looks like the other
		}
		answers = append(answers, a)
	}
	return answers
}

func pretty(v any) string {
	if v == nil {
		return ""
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
