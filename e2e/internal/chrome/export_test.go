package chrome

// Find is find.
var Find = find
