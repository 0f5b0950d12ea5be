package kickstart

import (
	"io/fs"
	"path"
	"strings"
)

// reference gives the file name of a text that is wholly @{file} or &{file}.
func reference(text, open string) (string, bool) {
	rest, found := strings.CutPrefix(text, open)
	file, after, closed := strings.Cut(rest, "}")
	return file, found && closed && after == ""
}

// textFile gives the text that @{file} stands for.
func (r *reader) textFile(n *node, name string) (string, bool) {
	data, ok := r.readFile(n, name)
	if ok && strings.Contains(string(data), "#{") {
		r.fault(n.src, n.line, "%q holds #{: variables in an included text are not supported; put the text into the kickstart", name)
		ok = false
	}
	return string(data), ok
}

// included gives the JSON that &{file} stands for, or n itself when it is no text. nil is a fault that has been reported.
func (r *reader) included(n *node) *node {
	if n.kind != isText {
		return n
	}
	file, ok := reference(n.text, "&{")
	if !ok {
		r.fault(n.src, n.line, "this must be an object or &{file.json}, not a string")
		return nil
	}
	data, ok := r.readFile(n, file)
	if !ok {
		return nil
	}
	root, faults := parseJSON(path.Clean(file), data)
	r.faults = append(r.faults, faults...)
	return root
}

// readFile reads a file that n includes. The name is relative to the kickstart, and fs.FS keeps it inside that directory.
func (r *reader) readFile(n *node, name string) ([]byte, bool) {
	data, err := fs.ReadFile(r.fsys, path.Clean(name))
	if err != nil {
		r.fault(n.src, n.line, "included file %q cannot be read; it must lie beside the kickstart or below it", name)
		return nil, false
	}
	return data, true
}
