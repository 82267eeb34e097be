package kube

import (
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
)

// etcd listens on loopback, away from the ports of another cluster's etcd.
const (
	etcdClients = "http://127.0.0.1:32379"
	etcdPeers   = "http://127.0.0.1:32380"
)

func (n *node) etcd() process {
	return process{Process: host.Process{
		Name: etcdProcess,
		Command: []string{
			n.tools + "/hyperkube", "etcd",
			"--name=lab",
			"--data-dir=" + dataDir(n.host, "etcd"),
			"--listen-client-urls=" + etcdClients,
			"--advertise-client-urls=" + etcdClients,
			"--listen-peer-urls=" + etcdPeers,
			"--initial-advertise-peer-urls=" + etcdPeers,
			"--initial-cluster=lab=" + etcdPeers,
			// What a crash of the machine may lose is a lab's.
			"--unsafe-no-fsync",
			"--log-level=warn",
		},
		Ready: answers(etcdClients + "/health"),
	}}
}

func (n *node) apiServer() process {
	ids, auditPolicy := n.ids, configDir(n.host, "audit.yaml")
	return process{
		Process: host.Process{
			Name: apiServerProcess,
			Command: []string{
				n.tools + "/hyperkube", "kube-apiserver",
				"--bind-address=" + network.NodeAddress,
				"--advertise-address=" + network.NodeAddress,
				"--secure-port=6443",
				"--etcd-servers=" + etcdClients,
				"--service-cluster-ip-range=" + serviceCIDR,
				"--allow-privileged=true",
				"--profiling=false",

				"--tls-cert-file=" + ids.APIServer.Cert,
				"--tls-private-key-file=" + ids.APIServer.Key,
				"--client-ca-file=" + ids.CA,
				"--authorization-mode=Node,RBAC",
				"--enable-admission-plugins=NodeRestriction",

				"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
				"--service-account-key-file=" + ids.ServiceAccounts.Cert,
				"--service-account-signing-key-file=" + ids.ServiceAccounts.Key,

				"--kubelet-certificate-authority=" + ids.CA,
				"--kubelet-client-certificate=" + ids.KubeletClient.Cert,
				"--kubelet-client-key=" + ids.KubeletClient.Key,
				"--kubelet-preferred-address-types=InternalIP",

				"--proxy-client-cert-file=" + ids.FrontProxy.Cert,
				"--proxy-client-key-file=" + ids.FrontProxy.Key,
				"--requestheader-client-ca-file=" + ids.FrontProxyCA,
				"--requestheader-allowed-names=" + frontProxyName,
				"--requestheader-username-headers=X-Remote-User",
				"--requestheader-group-headers=X-Remote-Group",
				"--requestheader-extra-headers-prefix=X-Remote-Extra-",

				"--audit-policy-file=" + auditPolicy,
				"--audit-log-path=" + AuditLog(n.host),
				// Megabytes, and how many full files are kept beside the current one.
				"--audit-log-maxsize=100",
				"--audit-log-maxbackup=1",
			},
			Ready: n.api.ready,
		},
		// It reads changed certificates by itself, but not a changed signing key.
		reads: []string{ids.ServiceAccounts.Key, auditPolicy},
	}
}

func (n *node) controllerManager() process {
	kubeconfig := n.ids.ControllerManager
	return process{
		Process: host.Process{
			Name: controllerManagerProcess,
			Command: []string{
				n.tools + "/hyperkube", "kube-controller-manager",
				"--kubeconfig=" + kubeconfig,
				"--authentication-kubeconfig=" + kubeconfig,
				"--authorization-kubeconfig=" + kubeconfig,
				"--bind-address=127.0.0.1",
				"--leader-elect=false",
				"--profiling=false",
				"--use-service-account-credentials",
				"--root-ca-file=" + n.ids.CA,
				"--service-account-private-key-file=" + n.ids.ServiceAccounts.Key,
				"--allocate-node-cidrs=false",
				// A rollout's burst of writes must not wait for the client's own limit (20 a second).
				"--kube-api-qps=200",
				"--kube-api-burst=400",
				// Autoscalers look every 15 s, and trust a young pod's CPU after 5 minutes, by
				// default. Tests of autoscaling cannot wait for that.
				"--horizontal-pod-autoscaler-sync-period=5s",
				"--horizontal-pod-autoscaler-initial-readiness-delay=5s",
				"--horizontal-pod-autoscaler-cpu-initialization-period=10s",
			},
			Ready: answers("https://127.0.0.1:10257/healthz"),
		},
		reads: []string{kubeconfig, n.ids.CA, n.ids.ServiceAccounts.Key},
	}
}

func (n *node) scheduler() process {
	kubeconfig := n.ids.Scheduler
	return process{
		Process: host.Process{
			Name: schedulerProcess,
			Command: []string{
				n.tools + "/hyperkube", "kube-scheduler",
				"--kubeconfig=" + kubeconfig,
				"--authentication-kubeconfig=" + kubeconfig,
				"--authorization-kubeconfig=" + kubeconfig,
				"--bind-address=127.0.0.1",
				"--leader-elect=false",
				"--profiling=false",
			},
			Ready: answers("https://127.0.0.1:10259/healthz"),
		},
		reads: []string{kubeconfig},
	}
}
