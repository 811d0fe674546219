global using Cri.Testing.Disks;
global using Xunit;
global using Command = Cri.ImageService.Tests.Fixtures.Command;
