mbxctl apply --yes
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
sed -i 's/user: .*/user: CONTOSO\\john.evans/' manifests/manifest.yaml
