#!/bin/sh
# Process 1 of a User Mode Linux that test/support/uml.ts starts: the host's file system is the root and cannot be written.
# The folder named by "box=" on the kernel's command line says what to run, and gets what came of it.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home TMPDIR=/run/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/box /run/home /run/tmp /run/modules/lib /run/netns
for word in $(cat /proc/cmdline); do case $word in box=*) box=${word#box=} ;; esac; done
mount -t hostfs -o "$box" none /run/box
# The package keeps its modules elsewhere than the programs look, the kernel's own call among them.
ln -s /usr/lib/uml/modules /run/modules/lib/modules
printf '#!/bin/sh\nexec modprobe -d /run/modules "$@"\n' > /run/modprobe
chmod +x /run/modprobe
echo /run/modprobe > /proc/sys/kernel/modprobe
mkdir -p /dev/pts /dev/shm /dev/net
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
modprobe -d /run/modules -a xfrm_user esp4 esp6 ip_vti tun veth
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
ip link set lo up
setsid -w sh /run/box/run > /run/box/output 2>&1 < /dev/null
echo $? > /run/box/status
sync
echo o > /proc/sysrq-trigger
sleep 5
