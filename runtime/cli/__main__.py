from runtime.cli.app import main

main()
