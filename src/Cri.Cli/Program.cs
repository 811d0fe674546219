using Cri.Cli;

return await CommandTree.InvokeAsync(args, Terminal.OfProcess(), Interruption.Token());
