package main

import _ "embed" // the document

// description is catalog's surface; see shared/openapi.
//
//go:embed openapi.yaml
var description []byte
