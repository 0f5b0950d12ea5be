package apidocs

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"storefront/shared/openapi"
)

// publish makes an edition of parts. The log hears of routes that nobody has described, once everybody was asked.
func (d *Docs) publish(parts []*part) (*edition, error) {
	own, err := decode(d.own)
	if err != nil {
		return nil, fmt.Errorf("own document: %w", err)
	}
	routes := d.registered()
	m := &merger{doc: own, extra: in(own, extra), forwarded: routes}
	delete(own, extra)
	own["servers"] = []any{object{"url": d.cfg.URL}}
	tags := listOf(own, "tags")
	delete(own, "tags") // what the shop is for comes first
	var leftOut []any
	for i, p := range parts {
		if p == nil {
			leftOut = append(leftOut, d.cfg.Services[i].Name)
			continue
		}
		doc, err := decode(p.text)
		if err != nil {
			return nil, fmt.Errorf("document of %s: %w", d.cfg.Services[i].Name, err)
		}
		m.add(d.cfg.Services[i].Name, doc)
	}
	own["tags"] = slices.Concat(listOf(own, "tags"), tags)
	if leftOut == nil {
		d.warn(own, routes)
	} else {
		own["x-left-out"] = leftOut
	}
	return d.print(own, parts)
}

func (d *Docs) print(doc object, parts []*part) (*edition, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var page strings.Builder
	if err := d.page.Execute(&page, viewOf(doc)); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return &edition{parts: parts, document: openapi.New(text), page: template.HTML(page.String())}, nil //nolint:gosec // by html/template
}

// registered are the gateway's routes as a document writes them, "get /products/{id}". HEAD goes with GET.
func (d *Docs) registered() map[string]bool {
	routes := map[string]bool{}
	for _, r := range d.routes() {
		segments := strings.Split(r.Path, "/")
		for i, segment := range segments {
			if name, is := strings.CutPrefix(segment, ":"); is {
				segments[i] = "{" + name + "}"
			}
		}
		routes[strings.ToLower(r.Method)+" "+strings.Join(segments, "/")] = true
	}
	maps.DeleteFunc(routes, func(route string, _ bool) bool {
		path, head := strings.CutPrefix(route, "head ")
		return head && routes["get "+path]
	})
	return routes
}

func (d *Docs) warn(doc object, routes map[string]bool) {
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		method, path, _ := strings.Cut(route, " ")
		if in(doc, "paths", path, method) == nil {
			d.cfg.Log.Warn("no document describes a route", "route", route)
		}
	}
}
