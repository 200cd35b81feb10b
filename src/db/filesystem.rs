//! Whether a file lies on a file system that other machines may write to, or that does not keep a mapped file and a read
//! of it together: the WAL-index needs both.

use std::path::Path;

/// By the names that the kernel gives them. Those of FUSE have a name of their own after a dot.
const SHARED: [&str; 17] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse",
    "gfs2",
    "glusterfs",
    "gpfs",
    "lustre",
    "nfs",
    "nfs4",
    "ocfs2",
    "prl_fs",
    "smb3",
    "vboxsf",
    "virtiofs",
];

/// The name of the file system that a file lies on, if it is such a one.
pub(super) fn shared(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(device(path)?, &mounts)?;
    let family = kind.split_once('.').map_or(kind, |(family, _)| family);
    SHARED.contains(&family).then(|| kind.to_owned())
}

#[cfg(target_os = "linux")]
fn device(path: &Path) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::dev(&path.metadata().ok()?))
}

#[cfg(not(target_os = "linux"))]
fn device(_: &Path) -> Option<u64> {
    None
}

/// Looks for a device among the mounts, whose lines read `36 35 98:0 /root /mnt/point options … - kind source options`.
fn kind_of(device: u64, mounts: &str) -> Option<&str> {
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
    let minor = (device & 0xff) | ((device >> 12) & !0xff & 0xffff_ffff);
    let number = format!("{major}:{minor}");
    let mount = mounts.lines().find(|mount| mount.split(' ').nth(2) == Some(&number))?;
    mount.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:38 / /srv/shared rw - virtiofs shared rw
41 22 0:39 / /home/them rw shared:9 master:2 - fuse.sshfs them@host: rw
42 22 0:300 / /net rw - nfs4 host:/export rw";

    #[test]
    fn a_mount_is_found_by_its_device() {
        assert_eq!(kind_of(254 << 8, MOUNTS), Some("ext4"));
        assert_eq!(kind_of(38, MOUNTS), Some("virtiofs"));
        assert_eq!(kind_of(39, MOUNTS), Some("fuse.sshfs"));
        assert_eq!(kind_of(0x0010_002c, MOUNTS), Some("nfs4"));
        assert_eq!(kind_of(40, MOUNTS), None);
    }

    #[test]
    fn a_temporary_folder_is_this_machines_own() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(shared(folder.path()), None);
    }
}
