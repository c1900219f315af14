cp manifests/manifest.yaml edited
sed -i 's/CONTOSO.*/john.evans@contoso.com/' manifests/manifest.yaml
mbxctl apply --yes
mv edited manifests/manifest.yaml
mbxctl apply --yes
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
