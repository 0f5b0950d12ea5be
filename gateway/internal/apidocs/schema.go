package apidocs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (r reader) schemas() []schema {
	var list []schema
	for _, name := range slices.Sorted(maps.Keys(in(r.doc, "components", "schemas"))) {
		o := in(r.doc, "components", "schemas", name)
		if fields := r.fields(o); len(fields) > 0 {
			list = append(list, schema{name, textOf(o, "description"), fields})
		}
	}
	return list
}

func (r reader) fields(o object) []field {
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(in(o, "properties"))) {
		member := in(o, "properties")[name]
		fields = append(fields, field{
			Name: name, Description: textOf(resolve(r.doc, member), "description"), Type: r.kind(member), Required: slices.Contains(listOf(o, "required"), any(name)),
		})
	}
	return fields
}

const refSchema = "#/components/schemas/"

// kind says in a few words what a schema lets be.
func (r reader) kind(v any) kind { return r.kindWithin(v, maxNested) }

// maxNested is how many lists may lie in one another: none of ours does, and others' may go in circles.
const maxNested = 8

func (r reader) kindWithin(v any, depth int) kind {
	o := resolve(r.doc, v)
	if name, is := strings.CutPrefix(textOf(objectOf(v), "$ref"), refSchema); is && in(o, "properties") != nil {
		return kind{name, name}
	}
	switch {
	case o["const"] != nil:
		return kind{Text: fmt.Sprintf("%q", o["const"])}
	case o["enum"] != nil:
		return kind{Text: "one of " + words(listOf(o, "enum"))}
	case o["type"] == "array" && depth > 0:
		of := r.kindWithin(o["items"], depth-1)
		return kind{"list of " + of.Text, of.Schema}
	case textOf(o, "format") == "date-time":
		return kind{Text: "time"}
	default:
		return kind{Text: strings.TrimSpace(textOf(o, "type") + bounds(o))}
	}
}

func words(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = fmt.Sprint(v); v == "" {
			texts[i] = "nothing"
		}
	}
	return strings.Join(texts, ", ")
}

func bounds(o object) string {
	least, hasLeast := o["minimum"].(float64)
	most, hasMost := o["maximum"].(float64)
	length, hasLength := o["maxLength"].(float64)
	switch {
	case hasLeast && hasMost:
		return fmt.Sprintf(", %.0f to %.0f", least, most)
	case hasLeast:
		return fmt.Sprintf(", at least %.0f", least)
	case hasLength:
		return fmt.Sprintf(", at most %.0f characters", length)
	default:
		return ""
	}
}
