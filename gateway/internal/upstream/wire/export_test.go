package wire

import "time"

// Brief is how long an exchange waits before it is watched.
const Brief = brief

// Reap closes the connections that are idle since before.
func (c *Client) Reap(before time.Time) { c.idle.reap(before) }
