package clustertest

// Fault is what happens to a write on its way.
type Fault string

const (
	// None lets it through.
	None Fault = ""
	// Kill ends the process: neither this request nor any later one arrives.
	Kill Fault = "kill"
	// Freeze stops the process until Client.Wake is called: this request is on its way, and arrives then; no other leaves it.
	Freeze Fault = "freeze"
	// Conflict, TooMany and Failing are the server's 409, 429 and 500; nothing is done.
	Conflict Fault = "409"
	TooMany  Fault = "429"
	Failing  Fault = "500"
	// Timeout means that the request does not arrive, and nobody says so.
	Timeout Fault = "time-out"
	// Lost means that it is done, and its answer does not arrive.
	Lost Fault = "lost answer"
	// Refused is a no for good.
	Refused Fault = "refused"
)
