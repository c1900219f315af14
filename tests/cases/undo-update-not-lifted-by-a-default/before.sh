mbxctl apply --yes --held
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
sed -i 's/Corporate 7y/Legal 10y/; s/MBXDB02/CN=MBXDB02,CN=Databases,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com/' manifests/manifest.yaml
