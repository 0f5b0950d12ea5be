package bench

// What the tests ask of /proc.
var (
	Family     = family
	Spent      = spent
	Peak       = peak
	ForgetPeak = forgetPeak
)
