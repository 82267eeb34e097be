package chaos

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

// established is the state of a connection in /proc/net/tcp; see proc(5).
const established = "01"

// connectedTo finds the processes of the container that has a connection to an address: a run's code is not a child of
// its command line, but of the engine, in a network namespace of its own.
func connectedTo(address *net.TCPAddr) []int {
	own, _ := os.Readlink("/proc/self/ns/net")
	connected := map[string]bool{own: false}
	var pids []int
	for _, pid := range processes() {
		namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		if err != nil {
			continue
		}
		if _, known := connected[namespace]; !known {
			connections, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
			connected[namespace] = leadsTo(string(connections), address)
		}
		if connected[namespace] {
			pids = append(pids, pid)
		}
	}
	return pids
}

// leadsTo looks for a connection in the text of /proc/net/tcp.
func leadsTo(connections string, address *net.TCPAddr) bool {
	ip := address.IP.To4()
	if ip == nil {
		return false
	}
	// The kernel writes the address as a number of this machine's byte order, which is little-endian wherever the lab runs.
	remote := fmt.Sprintf("%08X:%04X", binary.LittleEndian.Uint32(ip), address.Port)
	return slices.ContainsFunc(strings.Split(connections, "\n"), func(line string) bool {
		fields := strings.Fields(line)
		return len(fields) > 3 && fields[2] == remote && fields[3] == established
	})
}
