package apidocs

import (
	"embed"
	"html/template"
	"strings"
)

//go:embed templates
var templates embed.FS

func parsePage() (*template.Template, error) {
	return template.New("docs.html").Funcs(template.FuncMap{"code": code}).ParseFS(templates, "templates/docs.html")
}

// code marks what stands between backticks, as the texts of a document do; everything is escaped.
func code(text string) template.HTML {
	var b strings.Builder
	for i, piece := range strings.Split(text, "`") {
		piece = template.HTMLEscapeString(piece)
		if i%2 == 1 {
			piece = "<code>" + piece + "</code>"
		}
		b.WriteString(piece)
	}
	return template.HTML(b.String()) //nolint:gosec // each piece is escaped
}
