module sealkit.test/rig

go 1.26
