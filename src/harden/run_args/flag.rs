//! Every flag of `docker run` and `docker create`, the hidden ones included.
//!
//! Invariant: [`Name`] is exhaustive, so that a rule which matches on it does not compile until it has decided about
//! a new flag.

/// One flag.
#[derive(Debug, PartialEq, Eq)]
pub struct Flag {
    /// Which one it is.
    pub name: Name,
    /// Long form without the dashes.
    pub long: &'static str,
    /// Letter of the short form.
    pub short: Option<char>,
    /// Other long forms with the same meaning.
    pub aliases: &'static [&'static str],
    /// What it takes, and what a repetition means.
    pub kind: Kind,
}

/// What a flag takes, and what a repetition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` when bare; a value only as `--flag=value`. The last one wins.
    Switch,
    /// Always a value. The last one wins.
    Single,
    /// Always a value. All of them count.
    List,
}

macro_rules! flags {
    ($($variant:ident = $long:literal $(/ $alias:literal)* $(, $short:literal)?: $kind:ident;)+) => {
        /// The identity of a flag, whatever form it was written in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name {
            $(
                #[doc = concat!("`--", $long, "`")]
                $variant,
            )+
        }

        impl Flag {
            /// Every flag, in the order of its name.
            pub const ALL: &'static [Self] = &[$(Self {
                name: Name::$variant,
                long: $long,
                short: flags!(@short $($short)?),
                aliases: &[$($alias),*],
                kind: Kind::$kind,
            },)+];
        }
    };
    (@short) => { None };
    (@short $short:literal) => { Some($short) };
}

flags! {
    AddHost = "add-host": List;
    Annotation = "annotation": List;
    Attach = "attach", 'a': List;
    BlkioWeight = "blkio-weight": Single;
    BlkioWeightDevice = "blkio-weight-device": List;
    CapAdd = "cap-add": List;
    CapDrop = "cap-drop": List;
    CgroupParent = "cgroup-parent": Single;
    Cgroupns = "cgroupns": Single;
    Cidfile = "cidfile": Single;
    CpuCount = "cpu-count": Single;
    CpuPercent = "cpu-percent": Single;
    CpuPeriod = "cpu-period": Single;
    CpuQuota = "cpu-quota": Single;
    CpuRtPeriod = "cpu-rt-period": Single;
    CpuRtRuntime = "cpu-rt-runtime": Single;
    CpuShares = "cpu-shares", 'c': Single;
    Cpus = "cpus": Single;
    CpusetCpus = "cpuset-cpus": Single;
    CpusetMems = "cpuset-mems": Single;
    Detach = "detach", 'd': Switch;
    DetachKeys = "detach-keys": Single;
    Device = "device": List;
    DeviceCgroupRule = "device-cgroup-rule": List;
    DeviceReadBps = "device-read-bps": List;
    DeviceReadIops = "device-read-iops": List;
    DeviceWriteBps = "device-write-bps": List;
    DeviceWriteIops = "device-write-iops": List;
    DisableContentTrust = "disable-content-trust": Switch;
    Dns = "dns": List;
    DnsOption = "dns-option" / "dns-opt": List;
    DnsSearch = "dns-search": List;
    Domainname = "domainname": Single;
    Entrypoint = "entrypoint": Single;
    Env = "env", 'e': List;
    EnvFile = "env-file": List;
    Expose = "expose": List;
    Gpus = "gpus": List;
    GroupAdd = "group-add": List;
    HealthCmd = "health-cmd": Single;
    HealthInterval = "health-interval": Single;
    HealthRetries = "health-retries": Single;
    HealthStartInterval = "health-start-interval": Single;
    HealthStartPeriod = "health-start-period": Single;
    HealthTimeout = "health-timeout": Single;
    Help = "help": Switch;
    Hostname = "hostname", 'h': Single;
    Init = "init": Switch;
    Interactive = "interactive", 'i': Switch;
    IoMaxbandwidth = "io-maxbandwidth": Single;
    IoMaxiops = "io-maxiops": Single;
    Ip = "ip": Single;
    Ip6 = "ip6": Single;
    Ipc = "ipc": Single;
    Isolation = "isolation": Single;
    KernelMemory = "kernel-memory": Single;
    Label = "label", 'l': List;
    LabelFile = "label-file": List;
    Link = "link": List;
    LinkLocalIp = "link-local-ip": List;
    LogDriver = "log-driver": Single;
    LogOpt = "log-opt": List;
    MacAddress = "mac-address": Single;
    Memory = "memory", 'm': Single;
    MemoryReservation = "memory-reservation": Single;
    MemorySwap = "memory-swap": Single;
    MemorySwappiness = "memory-swappiness": Single;
    Mount = "mount": List;
    Name = "name": Single;
    Network = "network" / "net": List;
    NetworkAlias = "network-alias" / "net-alias": List;
    NoHealthcheck = "no-healthcheck": Switch;
    OomKillDisable = "oom-kill-disable": Switch;
    OomScoreAdj = "oom-score-adj": Single;
    Pid = "pid": Single;
    PidsLimit = "pids-limit": Single;
    Platform = "platform": Single;
    Privileged = "privileged": Switch;
    Publish = "publish", 'p': List;
    PublishAll = "publish-all", 'P': Switch;
    Pull = "pull": Single;
    Quiet = "quiet", 'q': Switch;
    ReadOnly = "read-only": Switch;
    Restart = "restart": Single;
    Rm = "rm": Switch;
    Runtime = "runtime": Single;
    SecurityOpt = "security-opt": List;
    ShmSize = "shm-size": Single;
    SigProxy = "sig-proxy": Switch;
    StopSignal = "stop-signal": Single;
    StopTimeout = "stop-timeout": Single;
    StorageOpt = "storage-opt": List;
    Sysctl = "sysctl": List;
    Tmpfs = "tmpfs": List;
    Tty = "tty", 't': Switch;
    Ulimit = "ulimit": List;
    UseApiSocket = "use-api-socket": Switch;
    User = "user", 'u': Single;
    Userns = "userns": Single;
    Uts = "uts": Single;
    Volume = "volume", 'v': List;
    VolumeDriver = "volume-driver": Single;
    VolumesFrom = "volumes-from": List;
    Workdir = "workdir", 'w': Single;
}

impl Name {
    /// Returns the flag itself.
    pub fn flag(self) -> &'static Flag {
        &Flag::ALL[self as usize]
    }
}

impl Flag {
    /// Returns the flag with this long form. Prefixes are no abbreviations, and case counts.
    pub fn by_long(long: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|flag| flag.long == long || flag.aliases.contains(&long))
    }

    /// Returns the flag with this letter.
    pub fn by_short(short: char) -> Option<&'static Self> {
        Self::ALL.iter().find(|flag| flag.short == Some(short))
    }
}
