global using Xunit;
global using Command = Cri.ImageService.Tests.Fixtures.Command;
