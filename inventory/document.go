package main

import _ "embed" // the document

// description is inventory's surface; see shared/openapi.
//
//go:embed openapi.yaml
var description []byte
