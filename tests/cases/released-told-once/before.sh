mbxctl apply --yes
sed -i '/mailbox: Jane Doe/,$d' manifests/manifest.yaml
mbxctl apply --yes
