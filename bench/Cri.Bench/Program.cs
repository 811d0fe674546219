using Cri.Bench;

return await CommandLine.Build().Parse(args).InvokeAsync();
