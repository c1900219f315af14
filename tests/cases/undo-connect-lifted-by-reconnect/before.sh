mbxctl apply --yes
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
sed -i '$a\    allow: [reconnect]' manifests/manifest.yaml
