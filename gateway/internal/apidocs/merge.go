package apidocs

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// object is one of JSON's.
type object = map[string]any

// in gives the object at the end of a path of members, nil where there is none: documents come from elsewhere.
func in(o object, path ...string) object {
	for _, name := range path {
		o, _ = o[name].(object)
	}
	return o
}

// objectOf is v where that is one.
func objectOf(v any) object {
	o, _ := v.(object)
	return o
}

func textOf(o object, name string) string {
	text, _ := o[name].(string)
	return text
}

func listOf(o object, name string) []any {
	list, _ := o[name].([]any)
	return list
}

func decode(text []byte) (object, error) {
	var doc object
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if in(doc, "paths") == nil {
		return nil, errors.New("it has no paths")
	}
	return doc, nil
}

// methods are those of the operations of a path (OpenAPI 3.1 §4.8.9).
var methods = []string{"get", "post", "put", "patch", "delete", "options", "head", "trace"}

// extra is the member of the gateway's document that says which answers it adds to those of services. It is not part of what is shown.
const extra = "x-forwarded"

// merger makes one document of several.
type merger struct {
	doc       object          // so far
	extra     object          // see above
	forwarded map[string]bool // "get /products/{id}"
}

// add adds to the document what the gateway forwards of a service. Its own operations stay what they are.
func (m *merger) add(service string, doc object) {
	rename(doc, service, in(m.doc, "components"))
	used := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(in(doc, "paths"))) {
		for _, method := range methods {
			operation := in(doc, "paths", path, method)
			if operation == nil || !m.forwarded[method+" "+path] || in(m.doc, "paths", path, method) != nil {
				continue
			}
			operation["parameters"] = slices.Concat(listOf(in(doc, "paths", path), "parameters"), listOf(operation, "parameters"))
			m.adapt(doc, method, operation)
			m.put(path, method, operation)
			for _, tag := range listOf(operation, "tags") {
				name, _ := tag.(string)
				used[name] = true
			}
		}
	}
	m.addTags(doc, used)
	m.addComponents(doc)
}

func (m *merger) put(path, method string, operation object) {
	paths := in(m.doc, "paths")
	if in(paths, path) == nil {
		paths[path] = object{}
	}
	in(paths, path)[method] = operation
}

// adapt makes of a service's operation the gateway's, with the answers that the gateway gives before and in place of the service. An
// operation that takes the gateway's own token is everybody's.
func (m *merger) adapt(doc object, method string, operation object) {
	kind := "user"
	switch {
	case takesGateway(doc, operation):
		kind = "public"
	case method != "get":
		kind = "write"
	}
	answers := object{}
	for status, answer := range in(operation, "responses") {
		if passes(status) {
			answers[status] = adaptAnswer(resolve(doc, answer), method)
		}
	}
	for status, answer := range in(m.extra, kind, "responses") {
		answers[status] = adaptAnswer(resolve(m.doc, answer), method)
	}
	operation["responses"] = answers
	operation["security"] = in(m.extra, kind)["security"]
}

// passes reports whether the gateway relays an answer of that status: a redirect is a 502, and a 401 is the gateway's own.
func passes(status string) bool {
	code, _ := strconv.Atoi(status)
	return code != http.StatusUnauthorized && (code/100 != 3 || code == http.StatusNotModified)
}

func takesGateway(doc, operation object) bool {
	security, own := operation["security"].([]any)
	if !own {
		security = listOf(doc, "security")
	}
	return slices.ContainsFunc(security, func(alternative any) bool {
		_, takes := objectOf(alternative)["gatewayToken"]
		return takes
	})
}

// adaptAnswer shows a problem as a page too, which a browser's visit gets.
func adaptAnswer(answer object, method string) object {
	content := maps.Clone(in(answer, "content"))
	if _, isProblem := content["application/problem+json"]; !isProblem {
		return answer
	}
	delete(content, "text/html")
	if method == "get" {
		content["text/html"] = object{}
	}
	answer = maps.Clone(answer)
	answer["content"] = content
	return answer
}

// resolve gives what a reference within the document stands for.
func resolve(doc object, v any) object {
	for range 8 { // none of ours is longer, and others' may go in circles
		o := objectOf(v)
		ref, is := strings.CutPrefix(textOf(o, "$ref"), "#/")
		if !is {
			return o
		}
		v = in(doc, strings.Split(ref, "/")...)
	}
	return nil
}

func (m *merger) addTags(doc object, used map[string]bool) {
	known := listOf(m.doc, "tags")
	for _, tag := range listOf(doc, "tags") {
		name := textOf(objectOf(tag), "name")
		is := func(other any) bool { return textOf(objectOf(other), "name") == name }
		if used[name] && !slices.ContainsFunc(known, is) {
			known = append(known, tag)
		}
	}
	m.doc["tags"] = known
}

// shared are the kinds of components that operations refer to once their answers stand in themselves.
var shared = []string{"schemas", "parameters", "headers", "requestBodies", "examples"}

func (m *merger) addComponents(doc object) {
	components := in(m.doc, "components")
	for _, kind := range shared {
		for name, component := range in(doc, "components", kind) {
			if in(components, kind) == nil {
				components[kind] = object{}
			}
			in(components, kind)[name] = component
		}
	}
}

// rename gives the components of a document names that are free among those of others, or stand for the same there: documents agree on
// nothing, as the services do.
func rename(doc object, service string, others object) {
	renamed := map[string]string{}
	for _, kind := range shared {
		components := in(doc, "components", kind)
		for _, name := range slices.Sorted(maps.Keys(components)) {
			other, taken := in(others, kind)[name]
			if !taken || reflect.DeepEqual(other, components[name]) {
				continue
			}
			fresh := service + "." + name
			components[fresh] = components[name]
			delete(components, name)
			renamed["#/components/"+kind+"/"+name] = "#/components/" + kind + "/" + fresh
		}
	}
	if len(renamed) > 0 {
		redirect(doc, renamed)
	}
}

// redirect changes references.
func redirect(v any, renamed map[string]string) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			redirect(element, renamed)
		}
	case object:
		if to, ok := renamed[textOf(v, "$ref")]; ok {
			v["$ref"] = to
		}
		for _, member := range v {
			redirect(member, renamed)
		}
	}
}
